// Every tunable of the engine: what it means, its unit, its default, and why that default.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/address.h"
#include "engine/ids.h"
#include "engine/instant.h"

namespace rpcnet {

// Links of one protocol: how they are dialled and kept.
struct LinksConfig {
  // A dial that got no answer by then has failed.
  Duration handshake_timeout = std::chrono::seconds(3);
  // Connect::silence_max of dialled links. Default: a lost peer is noticed in three seconds while
  // calls are open on the link; lower it for faster failover, at the price of false alarms when
  // this machine or the path stalls.
  Duration silence_max = std::chrono::seconds(3);
  // After a failed dial the same address is left alone for a time that doubles from min to max.
  // Ours: short enough for a restarted peer to be found at once.
  Duration backoff_min = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(2);
  // Links of this protocol, dialled and accepted together. At the limit dials fail and accepted
  // links are closed as overloaded.
  std::size_t links_max = 20'000;
  // Links to one peer: another one is dialled when no further stream may be opened on those there
  // are. Ours: four times the streams that a peer allows, and no more sockets' worth of state.
  std::size_t per_peer_max = 4;
  // How long a link that was dialled beside another one may carry no call, and how long any other
  // dialled link may; then it is closed, within as long again, and dialled anew when it is needed.
  // Zero: never, and the transport's own idle timeout judges.
  Duration spare_idle_max = std::chrono::seconds(10);
  Duration idle_max{};
  // Datagrams that wait for a handshake, per link; the oldest goes first (it is the stalest).
  std::size_t datagrams_waiting_max = 8;
};

// When the members whose suspicion ran out are declared dead.
struct VerdictConfig {
  // While others are suspects whose time ends within so long of the first one's, it waits for them,
  // and all are declared dead in one step. Rapid (4.2) waits likewise until no node is between its
  // marks. Ours: what random probing spreads the discovery of one failure over. Zero: never.
  Duration cut_wait = std::chrono::seconds(1);
  // While so many of a thousand members are suspects, and at least freeze_min, none is declared
  // dead, for at most freeze_max: a switch that restarts, or a fault of our own, accuses many, and
  // many deaths in error cost more than ten seconds. Suspects get no work meanwhile.
  std::uint32_t freeze_permille = 300;
  std::size_t freeze_min = 3;
  Duration freeze_max = std::chrono::seconds(10);
};

// What the side of a partition without a quorum does (docs/swim.md).
enum class PartitionPolicy : std::uint8_t {
  go_on,          // as if nothing was: available on all sides
  read_only,      // as before, but Node::read_only() says so: the application stops its writes
  keep_majority,  // chooses no workers: SelectWorker finds nobody, and says why
};

// When this node takes it that the cluster is cut in pieces, by the members lost among all that
// were members shortly before: suspect, dead, or silent while this node is in doubt of its own
// network.
struct PartitionConfig {
  PartitionPolicy policy = PartitionPolicy::go_on;
  // So many of a thousand must be lost: one zone of three is. A side that loses fewer sees members
  // fail, and no partition.
  std::uint32_t lost_permille = 300;
  // And so many: one alone has failed.
  std::size_t lost_min = 2;
  // Losses that lie further apart are not one event. Ours: the longest suspicion of a cluster of
  // thousands, and the freeze.
  Duration window = std::chrono::seconds(60);
  // So long it must last before it is told. Ours: a restarted switch is back by then, and nobody
  // has been declared dead.
  Duration grace = std::chrono::seconds(5);
  // The side without a quorum remembers those that it lost for so long, and does not take itself
  // for the whole meanwhile (the other side: SwimConfig::tombstone_ttl). Ours: a long weekend.
  Duration memory = std::chrono::hours(7 * 24);
};

// A mode of membership is a set of these numbers and nothing else: engine/profiles.h names some.
// The defaults are the LAN profile.
struct SwimConfig {
  // -- Probes --

  // What a probe may take in all before the member is suspected, and the unit of suspicions (SWIM
  // 3.1 "protocol period"). memberlist's LAN default.
  Duration probe_interval = std::chrono::seconds(1);
  // One member is probed this often, in a shuffled round. With rings it is for completeness alone
  // (who has no live neighbour is found too), hence slow; without them it is probe_interval.
  Duration round_interval = std::chrono::seconds(8);
  // How long a direct probe may take before relays and the stream are asked. memberlist's LAN
  // default; with adaptive_probes the most, and the guess while nothing is measured.
  Duration probe_timeout = std::chrono::milliseconds(500);
  // Measure round trips, and wait for the smoothed one and four deviations (RFC 6298) and the
  // peer's own lateness; a probe then ends after four such waits. No other system does this but
  // hyper-swim; a LAN answers in a millisecond, and half a second of waiting is lost.
  bool adaptive_probes = true;
  // Not less than this, however fast the path: ours, well over a scheduling delay.
  Duration probe_timeout_min = std::chrono::milliseconds(50);
  // Relays asked when the direct probe got no answer (SWIM 3.1 "k"; memberlist's default).
  std::size_t indirect_probes = 3;
  // Ask by a stream of the link too: datagrams alone may be what is lost (memberlist PR 37).
  bool stream_probes = true;
  // A relay admits at 80 % of the asker's deadline that it has no answer either (Lifeguard IV.A).
  bool nacks = true;

  // -- Local health (Lifeguard IV.A) --

  // The highest score: one up for each sign that this process or its network is slow, one down for
  // each success. Waits are multiplied by score + 1. 7 as memberlist (its "8" counts from one); 0
  // switches it off.
  std::uint32_t local_health_max = 7;
  // What is multiplied: the time between probes and their end; how long a direct probe waits. The
  // paper scales both, memberlist the first.
  bool local_health_scales_interval = true;
  bool local_health_scales_timeout = true;
  // Accuse nobody unless so many other members have answered since the failed probe began: a node
  // proves its own network first (hyper-swim has a rule of this kind). 0: off. In a smaller
  // cluster, half of the others: with the accused, more may have died.
  std::size_t own_network_proof = 2;
  // But not for ever: where nobody answers for so long, all others may be what has failed. Ours:
  // longer than the outages of the usual flip-flop experiment (20 s).
  Duration own_network_patience = std::chrono::seconds(25);

  // -- Suspicion --

  // The least that a suspicion lasts: this / 1000 * max(1, log10 N) * probe_interval. Ours: the
  // accused is told at once by all who watch it, and three independent observers agree. memberlist
  // takes 4000, where the accusation has to find its way by gossip.
  std::uint32_t suspicion_min_milli = 650;
  // But not less than this: a process that is stopped for a second and a half is in no cluster
  // failed, however small it is.
  Duration suspicion_floor = std::chrono::milliseconds(1300);
  // Begins at this many times the least, and shortens with the logarithm of independent
  // confirmations (Lifeguard IV.B; memberlist's 6). 1: fixed.
  std::uint32_t suspicion_max_factor = 6;
  // So many bring it to the least (Lifeguard's K; its default).
  std::size_t suspicion_confirmations = 3;
  // Where there are not so many others to confirm: true, the least at once (memberlist); false,
  // all that there are.
  bool suspicion_short_when_few = false;
  // A death that is told counts only once the accused has been suspect here for so long: nobody is
  // failed by hearsay. Less than the least suspicion, so that a true death is no later by it.
  Duration hearsay_grace = std::chrono::seconds(1);
  // A suspect is told first, in whatever is said to it (Lifeguard IV.C).
  bool buddy = true;

  // -- Gray members --

  // A member that so many others have accused, and that has refuted so often, is Degraded: a member
  // still, but no work for it. Refutations are forgotten by half every flap_half_life; one that it
  // was declared dead before counts twice. Degraded until half of them are forgotten.
  std::size_t degraded_accusers = 2;
  std::uint32_t degraded_refutations = 3;
  Duration flap_half_life = std::chrono::seconds(120);
  // A suspicion lasts at least so long for who has refuted two accusations, or its death once: a
  // flapping member is not to come and go (route flap damping, RFC 2439). Ours: longer than the
  // outages of the usual flip-flop experiment. 0: no damping.
  Duration flap_suspicion = std::chrono::seconds(25);
  // Members that were cut off from everybody are taken back as Degraded, together with those that
  // return within this time of the first: what cut off one (a switch, a rack) often cuts off more,
  // and each return alone would be one more view. Ours: as long as news takes in a large cluster.
  Duration return_wait = std::chrono::seconds(2);

  // -- Monitoring rings --

  // Pseudo-random rings over all members; each gives a node two neighbours, which exchange
  // heartbeats. Ours: 4, so that eight observe each member (Rapid has 10, Akka 9 neighbours). 0:
  // off, members are found dead by probes alone.
  std::size_t rings = 4;
  // Up to so many members everybody is everybody's neighbour.
  std::size_t full_mesh_max = 9;
  // Heartbeats between neighbours. 1 s: eight of them cost under a kilobyte a second.
  Duration ring_interval = std::chrono::seconds(1);
  // Heartbeats between watched pairs: they carry load and feed Phi.
  Duration heartbeat_interval = std::chrono::milliseconds(500);
  // A watcher's wish for heartbeats holds this long unless renewed by its own heartbeats.
  Duration watch_lease = std::chrono::seconds(5);

  // -- News and views --

  // An update is sent ceil(retransmit_factor * ln(N + 1)) times (SWIM 4.1: lambda log N; smooth,
  // ours, because memberlist's step at each power of ten starves small clusters).
  std::uint32_t retransmit_factor = 3;
  // Pending updates are pushed this often to gossip_fanout members, besides riding on probes.
  Duration gossip_interval = std::chrono::milliseconds(200);
  // The first news after a quiet interval waits so long for more to come with it.
  Duration gossip_delay = std::chrono::milliseconds(20);
  std::size_t gossip_fanout = 3;
  // Whole views are compared with one random member this often (anti-entropy), one interval more
  // for each doubling of N above 32 (memberlist). Equal views cost one round trip and some fifty
  // bytes, so this may be frequent.
  Duration sync_interval = std::chrono::seconds(15);
  // Seeds that are no live member, and one random dead member, are contacted this often: this is
  // how a cluster heals after a partition and how a restarted seed learns its members again.
  Duration heal_interval = std::chrono::seconds(1);
  // A join whose seeds all refuse this node's certificate, or it theirs, for so long is told as
  // JoinRefused. Ours: long enough for seeds that are restarted one by one with new certificates.
  Duration refused_join_timeout = std::chrono::seconds(10);

  // -- As others do it: for the modes to compare with --

  // Updates are sent retransmit_factor * ceil(log10(N + 1)) times (memberlist).
  bool retransmit_in_steps = false;
  // Gossip is drawn for who died so recently, too (memberlist, 30 s).
  Duration gossip_to_dead = Duration::zero();
  // Views are exchanged state by state, equal or not (memberlist's push-pull).
  bool sync_whole = false;
  // Whoever is spoken of as alive, and was held dead, is told so (memberlist issue 311: it is not).
  bool reminders = true;
  // A probe of a member without a link takes one interval more, for the handshake. Not where there
  // is none.
  bool handshake_allowance = true;
  // A relay gives the nack after its own probe_timeout and not before the asker's deadline
  // (memberlist: so it comes just too late).
  bool nacks_late = false;
  // Time that this process did not run is no silence of others.
  bool stalls_subtracted = true;

  // -- Limits --

  // Dead and left members are remembered this long, so that stale news cannot revive them.
  Duration tombstone_ttl = std::chrono::hours(24);
  // At most this many of them; the oldest goes first.
  std::size_t tombstones_max = 10'000;
  // Members in all. At the limit strangers are refused with a notice.
  std::size_t members_max = 20'000;
  // Farewell: acknowledged by this many members, or given up after the timeout.
  std::size_t leave_acks = 3;
  Duration leave_timeout = std::chrono::seconds(2);
  // Keys and values of a member's tags together, bytes; at most 48 KiB. What is longer than 512
  // travels by stream. 4 KiB: scalecube raised its limit to that, memberlist's 512 is too few for
  // many (its issues 191 and 218).
  std::size_t tags_max = 4096;
  // What may be sent for comparisons of whole views in a second, bytes, both those begun here and
  // those that others ask for. Beyond it others are turned away as by a busy node and try again,
  // and none is begun here. Ours: a view of 2000 members is a quarter of a megabyte.
  std::size_t sync_bytes_per_s = std::size_t{16} << 20;
  // Gossip is pushed to a member of another zone (tag `zone`) with this chance in a thousand where
  // it would be to one of our own: what crosses zones is paid for. A member without the tag counts
  // as of our zone. 1000: zones do not matter.
  std::uint32_t cross_zone_permille = 250;
  VerdictConfig verdict{};
  PartitionConfig partition{};
};

struct PhiConfig {
  // Gaps between arrivals that are remembered (Phi 5.2 uses 1000; 100 adapts faster and our
  // heartbeats are dense).
  std::size_t window = 100;
  // Below this the deviation is not believed: a quiet LAN would otherwise alarm on one late packet.
  Duration deviation_min = std::chrono::milliseconds(50);
  // Added to the expected gap: garbage collection, scheduling, a retransmission. Multiplied by
  // local health + 1.
  Duration pause = std::chrono::milliseconds(350);
  // A longer gap is an outage and not a sample of the rhythm: it is not recorded.
  Duration gap_max = std::chrono::seconds(3);
  // The level times 1000 at which the balancer avoids a member, and at which a probe is sent out
  // of turn; 0: never. Phi is evidence, never a verdict (DESIGN section 4).
  std::uint32_t avoid_at_milli = 3000;
  std::uint32_t probe_at_milli = 5000;
};

struct RpcConfig {
  // Largest message, bytes, each way; a larger one ends the call with resource_exhausted.
  std::size_t message_max = std::size_t{64} << 20;
  // Request or response metadata in all: keys, values, and 32 a pair (as RFC 7541 4.1 counts,
  // because an empty pair takes memory too); of a response's end with message and details.
  std::size_t metadata_max = std::size_t{16} << 10;
  // Calls that may be open at once, outgoing and incoming apart; more are refused with
  // resource_exhausted.
  std::size_t calls_max = 100'000;
  // Unacknowledged bytes of one call after which it stops being writable. A message for a call that
  // is not writable is still taken while they stay under twice this; a larger one is refused with
  // Outcome::not_writable. So one call holds at most twice this, or this + message_max.
  std::size_t send_buffer_max = std::size_t{1} << 20;
};

// Calls that are tried again (engine/rpc/retry.h).
struct RetryConfig {
  // Attempts of one call in all. Ours: one failure is chance, three are a condition.
  std::uint32_t attempts_max = 3;
  // The wait before another attempt doubles from min to max, with jitter over its upper half.
  Duration backoff_min = std::chrono::milliseconds(50);
  Duration backoff_max = std::chrono::seconds(1);
  // A failure takes one token, a success gives back a part; below half nothing is tried again.
  // gRFC A6's example: an outage adds at most five retries, then one for every ten successes.
  std::uint32_t tokens_max = 10;
  std::uint32_t milli_tokens_per_success = 100;
};

// Streams that go on elsewhere when their server is lost (engine/rpc/resume.h).
struct ResumeConfig {
  // Attempts in a row that brought no item; 0: any number.
  std::uint32_t attempts_max = 5;
  // The first attempt after an item goes out at once; then the wait doubles from min to max, with
  // jitter over its upper half.
  Duration backoff_min = std::chrono::milliseconds(25);
  Duration backoff_max = std::chrono::seconds(1);
  // How long a server may take to say where it begins, connecting included; 0: for ever.
  Duration open_max = std::chrono::seconds(5);
  // How long a server that has begun may keep a reader waiting for an item; 0: for ever, its link
  // is watched anyway.
  Duration silence_max{};
  // For so long a worker that was lost is chosen only when there is no other.
  Duration lost_for = std::chrono::seconds(5);
};

// Calls that are made twice when the answer takes long (engine/rpc/hedge.h).
struct HedgeConfig {
  // How long an attempt has before the next one begins beside it; about the time that 95 of 100
  // calls take is a good choice (Dean and Barroso, "The Tail at Scale").
  Duration delay = std::chrono::milliseconds(50);
  // Attempts of one call in all; 1: never twice.
  std::uint32_t attempts_max = 1;
};

// Workers that do worse than the others, and are left alone for a while
// (engine/cluster/outliers.h). Names and most defaults are those of Envoy's outlier detection.
struct OutlierConfig {
  // So many failures without a success in between; 0: failures are not looked at.
  std::uint32_t consecutive_failures = 5;
  // A mean latency of so many times the median worker's; 0: latencies are not looked at. Off, ours:
  // workers that serve different keys or methods may well differ.
  std::uint32_t latency_factor = 0;
  // A difference that matters, however many times it is.
  Duration latency_slack = std::chrono::milliseconds(5);
  // Means are compared this often, of workers with at least samples_min calls since their last one.
  // Ours: one slow worker of three is known before it had a hundredth of half a minute's calls.
  Duration interval = std::chrono::milliseconds(250);
  std::uint32_t samples_min = 5;
  // The first time away; it doubles each time until the worker has been good for as long.
  Duration away_min = std::chrono::seconds(5);
  Duration away_max = std::chrono::minutes(5);
  // Never more than this share of the workers that are known, in percent: who does badly may be
  // the one who asks.
  std::uint32_t away_percent_max = 50;
};

// What a server takes on (engine/rpc/admission.h).
struct AdmissionConfig {
  // Handlers that run at once; 0: any number.
  std::size_t running_max = 0;
  // Calls that wait for one of them to end.
  std::size_t queue_max = 1000;
};

// Calls that are answered together (engine/rpc/batcher.h).
struct BatchConfig {
  // Calls in one batch.
  std::size_t batch_max = 32;
  // How long the first call of a batch that is not full waits for others.
  Duration wait_max = std::chrono::milliseconds(5);
  // Calls that wait; further ones are turned away.
  std::size_t queue_max = 1024;
  // Batches that run at once; the next one fills up meanwhile.
  std::size_t running_max = 1;
};

struct RegistryConfig {
  // An assignment that the worker's own report has not shown by then is forgotten: the client
  // never came. Ours: four heartbeats.
  Duration assignment_ttl = std::chrono::seconds(2);
};

struct NodeConfig {
  NodeId id;
  std::string cluster;     // as in the certificate
  Address advertise;       // where other members reach this node
  std::uint64_t seed = 0;  // of the node's random numbers
  bool member = true;      // false: a client, which calls but does not gossip
  LinksConfig rpc_links{};
  LinksConfig gossip_links{.handshake_timeout = std::chrono::seconds(1),
                           .silence_max = Duration::zero(),
                           .backoff_max = std::chrono::seconds(1),
                           .per_peer_max = 1};
  SwimConfig swim{};
  PhiConfig phi{};
  RpcConfig rpc{};
  RegistryConfig registry{};
};

}  // namespace rpcnet
