// The run: what is in the data, and what can be asked of it.
'use strict';
const run = JSON.parse(document.getElementById('data').textContent);
const OPINIONS = ['unknown', 'alive', 'suspect', 'dead', 'left'];
const ACTIVITIES = ['down', 'up', 'paused', 'slow'];
const ACTIVITY_WORDS = {
  absent: 'has not begun', down: 'is dead', up: 'runs', paused: 'is paused', slow: 'is slow' };

const $ = (id) => document.getElementById(id);
const color = (name) => getComputedStyle(document.documentElement).getPropertyValue('--' + name);
const seconds = (ms, digits = 3) => (ms / 1000).toFixed(digits) + ' s';

// Stretches of one activity, by host: {from, to, what}.
const stretches = run.hosts.map(() => []);
{
  const since = run.hosts.map(() => ({ from: 0, what: 'down' }));
  const end = (host, at) => {
    const { from, what } = since[host];
    if (at > from) stretches[host].push({ from, to: at, what });
  };
  for (const [at, host, what] of run.activity) {
    end(host, at);
    since[host] = { from: at, what: ACTIVITIES[what] };
  }
  run.hosts.forEach((_, host) => end(host, run.end));
  // Who has not begun yet is not dead.
  for (const list of stretches) if (list.length && list[0].what === 'down') list[0].what = 'absent';
}

function activityAt(host, time) {
  const found = stretches[host].find((one) => time >= one.from && time <= one.to);
  return found ? found.what : 'absent';
}

// What everybody thinks of everybody at a time: a snapshot now and then, and changes from there.
const members = run.members;
const EVERY = 512;
const snapshots = [];
{
  const now = new Uint8Array(members * members);
  run.opinions.forEach(([, observer, subject, opinion], i) => {
    if (i % EVERY === 0) snapshots.push(now.slice());
    now[observer * members + subject] = opinion;
  });
  if (!snapshots.length) snapshots.push(now);
}

// The number of changes until then.
function changesUntil(time) {
  let low = 0;
  let high = run.opinions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (run.opinions[middle][0] <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function opinionsAt(time) {
  const changes = changesUntil(time);
  const from = Math.min(Math.floor(changes / EVERY), snapshots.length - 1);
  const now = snapshots[from].slice();
  for (let i = from * EVERY; i < changes; ++i) {
    const [, observer, subject, opinion] = run.opinions[i];
    now[observer * members + subject] = opinion;
  }
  return now;
}

// How many of the others suspect a member or count it dead: [{at, suspect, dead}], by subject.
const accusers = Array.from({ length: members }, () => [{ at: 0, suspect: 0, dead: 0 }]);
{
  const now = new Uint8Array(members * members);
  for (const [at, observer, subject, opinion] of run.opinions) {
    const before = OPINIONS[now[observer * members + subject]];
    const after = OPINIONS[opinion];
    now[observer * members + subject] = opinion;
    if (observer === subject) continue;
    const steps = accusers[subject];
    let last = steps[steps.length - 1];
    if (last.at !== at) steps.push((last = { ...last, at }));
    if (before in last && before !== 'at') --last[before];
    if (after in last && after !== 'at') ++last[after];
  }
}

// Every end of a member's process, and when the others knew: those that counted it a member then.
const deaths = [];
for (let host = 0; host < members; ++host) {
  stretches[host].forEach((one) => {
    if (one.what !== 'down') return;
    const before = opinionsAt(one.from - 0.001);
    const waiting = new Set();
    for (let other = 0; other < members; ++other) {
      const opinion = OPINIONS[before[other * members + host]];
      if (other !== host && (opinion === 'alive' || opinion === 'suspect')) waiting.add(other);
    }
    const death = { host, at: one.from, back: one.to < run.end ? one.to : null };
    death.observers = waiting.size;
    for (let c = changesUntil(one.from - 0.001); c < run.opinions.length; ++c) {
      const [at, observer, subject, opinion] = run.opinions[c];
      if (subject !== host || at > one.to) continue;
      // Who dies too need not know.
      if (OPINIONS[opinion] === 'unknown') waiting.delete(observer);
      if (opinion < 3 || !waiting.delete(observer)) continue;
      death.first ??= at;
      if (!waiting.size) death.last = at;
    }
    deaths.push(death);
  });
}
deaths.sort((x, y) => x.at - y.at);

// Where and when it failed, if it did at one moment.
const failure = run.verdict === 'FAIL' ? { at: run.end, host: run.failed_host } : null;
