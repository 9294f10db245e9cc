//! What a client of the benchmark is asked to do, and the measuring of it: load/load.h again, for
//! the systems that are written in Rust. The output is the same.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use rand::{rngs::StdRng, Rng, SeedableRng};
use rand_distr::{Distribution, Exp};

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Kind {
    Unary,
    Tokens,
    Pingpong,
    Handshake,
    Idle,
}

#[derive(Clone, Debug, Parser)]
pub struct Load {
    /// "server" or "client"
    pub role: String,
    #[arg(long, value_enum, default_value_t = Kind::Unary)]
    pub kind: Kind,
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    #[arg(long, default_value = "certs")]
    pub certs: String,
    #[arg(long, default_value_t = 64)]
    pub payload: usize,
    #[arg(long, default_value_t = 1)]
    pub in_flight: usize,
    #[arg(long, default_value_t = 1)]
    pub connections: usize,
    #[arg(long, default_value_t = 1000)]
    pub messages: u32,
    #[arg(long, default_value_t = 0.0)]
    pub rate: f64,
    #[arg(long, default_value_t = 0.0)]
    pub slow_share: f64,
    #[arg(long, default_value_t = 0.5)]
    pub warmup: f64,
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
}

pub const SLOW: Duration = Duration::from_millis(5);
pub const SLOW_MARK: u8 = 1;

impl Load {
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub fn file(&self, name: &str) -> String {
        format!("{}/{}", self.certs, name)
    }

    pub fn request(&self, slow: bool) -> Vec<u8> {
        let mut request = vec![0; self.payload];
        if slow {
            request[0] = SLOW_MARK;
        }
        request
    }
}

pub fn print_listening(port: u16) {
    println!("listening {port}");
}

fn processor_seconds() -> f64 {
    let mut usage = unsafe { std::mem::zeroed::<libc::rusage>() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

const BITS: u32 = 7;
const PARTS: u64 = 1 << BITS;
const POWERS_MAX: u32 = 40 - BITS;

/// As load/histogram.h.
struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Histogram {
    fn new() -> Self {
        Self { buckets: vec![0; ((POWERS_MAX as u64 + 2) * PARTS) as usize], count: 0 }
    }

    fn add(&mut self, value: u64) {
        let index = if value < 2 * PARTS {
            value
        } else {
            let shift = 63 - value.leading_zeros() - BITS;
            if shift > POWERS_MAX {
                (POWERS_MAX as u64 + 2) * PARTS - 1
            } else {
                shift as u64 * PARTS + (value >> shift)
            }
        };
        self.buckets[index as usize] += 1;
        self.count += 1;
    }

    fn quantile(&self, part: f64) -> f64 {
        let wanted = (part * self.count as f64) as u64;
        let mut seen = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            seen += bucket;
            if seen > wanted || (seen == self.count && seen > 0) {
                let index = index as u64;
                if index < 2 * PARTS {
                    return index as f64;
                }
                let shift = index / PARTS - 1;
                return (((index - shift * PARTS) << shift) + (1 << shift) / 2) as f64;
            }
        }
        0.0
    }
}

#[derive(PartialEq, Eq)]
enum Phase {
    Warmup,
    Measuring,
    Over,
}

struct State {
    phase: Phase,
    phase_end: Instant,
    began: Instant,
    ended: Instant,
    cpu: f64,
    operations: u64,
    failures: u64,
    failure: String,
    durations: Histogram,
}

/// For one thread; shared by its tasks.
pub struct Meter {
    load: Load,
    state: RefCell<State>,
}

impl Meter {
    /// The warm-up begins.
    pub fn new(load: &Load) -> Self {
        let now = Instant::now();
        Self {
            load: load.clone(),
            state: RefCell::new(State {
                phase: Phase::Warmup,
                phase_end: now + Duration::from_secs_f64(load.warmup),
                began: now,
                ended: now,
                cpu: 0.0,
                operations: 0,
                failures: 0,
                failure: String::new(),
                durations: Histogram::new(),
            }),
        }
    }

    pub fn done(&self, start: Instant, recorded: bool) -> Instant {
        let now = Instant::now();
        {
            let mut state = self.state.borrow_mut();
            if state.phase == Phase::Measuring && now < state.phase_end {
                state.operations += 1;
                if recorded {
                    let took = now.saturating_duration_since(start).as_nanos() as u64;
                    state.durations.add(took);
                }
            }
        }
        self.advance(now);
        now
    }

    pub fn failed(&self, why: String) -> Instant {
        {
            let mut state = self.state.borrow_mut();
            state.failures += 1;
            if state.failure.is_empty() {
                state.failure = why;
            }
            if state.failures > 1000 && state.operations == 0 {
                state.phase = Phase::Over;
            }
        }
        self.check()
    }

    pub fn check(&self) -> Instant {
        let now = Instant::now();
        self.advance(now);
        now
    }

    pub fn over(&self) -> bool {
        self.state.borrow().phase == Phase::Over
    }

    fn advance(&self, now: Instant) {
        let mut state = self.state.borrow_mut();
        if now < state.phase_end {
            return;
        }
        match state.phase {
            Phase::Warmup => {
                println!("measuring");
                state.phase = Phase::Measuring;
                state.began = now;
                state.phase_end = now + Duration::from_secs_f64(self.load.seconds);
                state.cpu = -processor_seconds();
            }
            Phase::Measuring => {
                state.cpu += processor_seconds();
                state.ended = now;
                state.phase = Phase::Over;
                println!("measured");
            }
            Phase::Over => {}
        }
    }

    /// Prints the line; the exit status.
    pub fn report(&self) -> i32 {
        let state = self.state.borrow();
        let seconds = (state.ended - state.began).as_secs_f64();
        let count = state.operations as f64;
        if state.failures > 0 {
            eprintln!("client: {} operations failed, the first with: {}", state.failures,
                      state.failure);
        }
        println!(
            "{{\"operations\":{},\"seconds\":{:.6},\"per_s\":{:.1},\"failed\":{},\"p50_us\":{:.3},\
             \"p99_us\":{:.3},\"p999_us\":{:.3},\"cpu_us_client\":{:.4}}}",
            state.operations,
            seconds,
            if seconds > 0.0 { count / seconds } else { 0.0 },
            state.failures,
            state.durations.quantile(0.5) * 1e-3,
            state.durations.quantile(0.99) * 1e-3,
            state.durations.quantile(0.999) * 1e-3,
            if count > 0.0 { state.cpu * 1e6 / count } else { 0.0 },
        );
        i32::from(state.operations == 0)
    }
}

/// The times at which an open loop's calls begin.
pub struct Arrivals {
    random: StdRng,
    gap: Exp<f64>,
    next: Instant,
}

impl Arrivals {
    pub fn new(rate: f64) -> Self {
        let gap = Exp::new(rate).expect("a rate above zero");
        Self { random: StdRng::seed_from_u64(42), gap, next: Instant::now() }
    }

    pub fn next(&self) -> Instant {
        self.next
    }

    pub fn take(&mut self) -> Instant {
        let taken = self.next;
        self.next += Duration::from_secs_f64(self.gap.sample(&mut self.random));
        taken
    }

    pub fn draw_slow(&mut self, share: f64) -> bool {
        self.random.random_bool(share)
    }
}

/// One thread, as every system has here; the result is the exit status.
pub fn on_one_thread<F: std::future::Future<Output = i32>>(work: F) -> ! {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let status = tokio::task::LocalSet::new().block_on(&runtime, work);
    std::process::exit(status);
}
