// Words around the pictures, and what moves them.
function table(where, heads, rows, none) {
  if (!rows.length) {
    where.innerHTML = '<p class="none"></p>';
    where.firstChild.textContent = none;
    return;
  }
  const element = document.createElement('table');
  const add = (parent, tag, cells) => {
    const row = document.createElement('tr');
    cells.forEach((cell, i) => {
      const box = document.createElement(tag);
      if (heads[i][1]) box.className = 'number';
      if (cell instanceof Node) box.append(cell);
      else box.textContent = cell;
      row.append(box);
    });
    parent.append(row);
  };
  add(element, 'th', heads.map(([head]) => head));
  rows.forEach((row) => add(element, 'td', row));
  where.append(element);
}

function element(tag, text, name) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function legend(where, entries) {
  for (const [name, words] of entries) {
    const one = element('span', words);
    one.style.setProperty('--of', `var(--${name})`);
    where.append(one);
  }
}

function setTime(at) {
  $('time').value = at;
  $('time-text').textContent = seconds(at);
  views.setTime(at);
  lanes.setCursor(at);
}

{
  $('verdict').textContent = run.verdict;
  $('verdict').className = run.verdict;
  $('name').textContent = `${run.name} · seed ${run.seed}`;
  $('facts').textContent = [
    `${run.members} members, ${run.hosts.length - run.members} clients`,
    `${seconds(run.end, 1)} simulated`, `net ${run.net}`, `trace ${run.trace.slice(0, 12)}`,
  ].join('  ·  ');
  $('reason').textContent = run.reason;
  $('reproduce').textContent = run.reproduce;
  $('copy').onclick = () => navigator.clipboard?.writeText(run.reproduce);
  $('plan').textContent = run.plan;
  $('lines').textContent = run.lines.join('\n');
  $('lines-section').hidden = !run.lines.length;

  legend($('lane-legend'), [['up', 'runs'], ['down', 'dead'], ['paused', 'paused'],
    ['slow', 'slow'], ['suspect', 'share that suspects it'], ['dead', 'share that counts it dead']]);
  legend($('view-legend'), [['alive', 'alive'], ['suspect', 'suspect'], ['dead', 'dead'],
    ['left', 'left'], ['unknown', 'unknown']]);

  const after = (death, at) => (at === undefined ? '–' : seconds(at - death.at, 2));
  table($('deaths'), [['who'], ['at', 1], ['first knew after', 1], ['all knew after', 1],
    ['observers', 1], ['back at', 1]],
  deaths.map((death) => [run.hosts[death.host], seconds(death.at, 1), after(death, death.first),
    after(death, death.last), death.observers, death.back === null ? '–' : seconds(death.back, 1)]),
  'No member died.');
  table($('faults'), [['line'], ['effects', 1]], run.faults.map((fault) => [
    element('code', fault.text), element('span', fault.effects, fault.effects ? '' : 'zero')]),
  'None: the run was left alone.');
  $('counts').className = 'pairs';
  for (const [what, count] of [
    ...run.checks.map(([oracle, count]) => [oracle + ' checks', count]), ...run.counts]) {
    const pair = document.createElement('div');
    pair.append(element('span', what), element('b', count.toLocaleString('en')));
    $('counts').append(pair);
  }

  $('time').max = run.end;
  $('time').oninput = () => setTime(Number($('time').value));
  let playing = null;
  $('play').onclick = () => {
    if (playing) {
      clearInterval(playing);
      playing = null;
    } else {
      if (Number($('time').value) >= run.end - 1) setTime(0);
      playing = setInterval(() => {
        const next = Number($('time').value) + run.end / 400;
        setTime(Math.min(next, run.end));
        if (next >= run.end) $('play').onclick();
      }, 40);
    }
    $('play').textContent = playing ? '⏸' : '▶';
  };

  $('to-all').onclick = () => lanes.show(0, run.end * 1.02);
  $('to-failure').hidden = !failure;
  $('to-failure').onclick = () => lanes.show(failure.at - 1500, failure.at + 200);
  $('hops-label').hidden = !run.causes.length;
  $('theme').onclick = () => {
    const dark = document.documentElement.dataset.theme === 'dark';
    document.documentElement.dataset.theme = dark ? 'light' : 'dark';
    views.draw();
  };
  if (matchMedia('(prefers-color-scheme: dark)').matches) {
    document.documentElement.dataset.theme = 'dark';
  }

  document.addEventListener('pointermove', (event) => {
    const words = lanes.tip(event) ?? views.tip(event);
    $('tip').hidden = !words;
    if (!words) return;
    $('tip').textContent = words;
    const left = Math.min(event.clientX + 14, innerWidth - $('tip').offsetWidth - 8);
    $('tip').style.left = left + 'px';
    $('tip').style.top = event.clientY + 16 + 'px';
  });

  // #from=MS&to=MS&time=MS&hops=N opens the page at a place.
  const place = new URLSearchParams(location.hash.slice(1));
  if (place.has('hops')) $('hops').value = place.get('hops');
  const given = (key, other) => (place.has(key) ? Number(place.get(key)) : other);
  lanes.show(given('from', 0), given('to', run.end * 1.02));
  setTime(given('time', failure ? failure.at : run.active));
}
