// The timeline: bars of faults above, a lane for each host below, zoomed and moved together.
const lanes = (() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const LEFT = 96;
  const RIGHT = 14;
  const AXIS = 22;
  const FAULT = 17;
  const LANE = run.hosts.length > 60 ? 8 : run.hosts.length > 30 ? 13 : 22;
  const PACKET_PX = 4;  // room for an arrow: closer ones would be a carpet
  const gap = LANE > 10 ? 4 : 1;

  // Bars of faults share rows as long as they do not meet.
  const rows = [];
  const rowOf = run.faults.map((fault) => {
    const until = Math.max(fault.until, fault.at + run.end / 9);
    let row = rows.findIndex((end) => end < fault.at);
    if (row < 0) row = rows.push(0) - 1;
    rows[row] = until;
    return row;
  });
  const top = AXIS + rows.length * FAULT + 8;
  const height = top + run.hosts.length * (LANE + gap) + 16;
  const laneY = (host) => top + host * (LANE + gap);
  const middle = (host) => laneY(host) + LANE / 2;

  let view = { from: 0, to: run.end };
  let width = 1000;
  let cursor = failure ? failure.at : run.active;
  const x = (at) => LEFT + ((at - view.from) / (view.to - view.from)) * (width - LEFT - RIGHT);
  const timeAt = (px) =>
    view.from + ((px - LEFT) / (width - LEFT - RIGHT)) * (view.to - view.from);

  const svg = document.createElementNS(SVG, 'svg');
  $('lanes').append(svg);

  function make(parent, name, attributes, text) {
    const element = document.createElementNS(SVG, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }
  const rect = (parent, left, y, right, h, fill, more) => make(parent, 'rect', {
    x: left, y, width: Math.max(right - left, 1), height: h, fill, ...more });

  function niceStep(span) {
    const rough = span / Math.max((width - LEFT) / 110, 2);
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].map((f) => f * power).find((step) => step >= rough);
  }

  function drawAxis() {
    const step = niceStep(view.to - view.from);
    const digits = Math.max(0, Math.ceil(-Math.log10(step / 1000)));
    for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
      make(svg, 'line', { x1: x(at), x2: x(at), y1: AXIS - 4, y2: height, class: 'tick' });
      make(svg, 'text', { x: x(at), y: 12, 'text-anchor': 'middle', class: 'soft' },
        seconds(at, digits));
    }
    if (run.end > run.active) {
      rect(svg, Math.max(x(run.active), LEFT), AXIS - 4, Math.max(x(run.end), LEFT), height,
        'var(--shade)');
      const label = x(run.active) + 5;
      if (label > LEFT && label < width - 60) {
        make(svg, 'text', { x: label, y: height - 3, class: 'soft' }, 'calm');
      }
    }
  }

  function drawFaults(area) {
    run.faults.forEach((fault, i) => {
      if (fault.until < view.from || fault.at > view.to) return;
      const y = AXIS + rowOf[i] * FAULT;
      const fill = fault.network ? 'var(--network)' : 'var(--process)';
      const left = Math.max(x(fault.at), LEFT);
      const group = make(area, 'g', { 'data-tip': fault.text + '\n' + fault.effects + ' effects' });
      if (fault.lasts) {
        rect(group, left, y, x(fault.until), FAULT - 4, fill, { opacity: .22, rx: 3 });
        rect(group, left, y, left + 3, FAULT - 4, fill);
      } else {
        make(group, 'path', { d: `M${left} ${y}l6 6.5l-6 6.5z`, fill });
      }
      const on = fault.hosts.map((host) => run.hosts[host]).join(' ');
      const label = fault.kind + (on ? ' ' + on : '');
      make(group, 'text', { x: left + 9, y: y + 10.5, fill }, label).style.fill = fill;
    });
  }

  // Below each member's lane: the share of the others that suspect it or count it dead.
  function drawAccusers(area, host) {
    if (host >= members || members < 2) return;
    const base = laneY(host) + LANE;
    const scale = (0.64 * LANE) / (members - 1);  // what the host does stays visible
    let suspects = '';
    let dead = '';
    const steps = accusers[host];
    steps.forEach((one, i) => {
      const to = i + 1 < steps.length ? steps[i + 1].at : run.end;
      if (to < view.from || one.at > view.to || one.suspect + one.dead === 0) return;
      const left = Math.max(x(one.at), LEFT);
      const right = Math.min(x(to), width - RIGHT);
      const box = (low, count) =>
        `M${left} ${base - low * scale}H${right}v${-count * scale}H${left}z`;
      if (one.dead) dead += box(0, one.dead);
      if (one.suspect) suspects += box(one.dead, one.suspect);
    });
    if (dead) make(area, 'path', { d: dead, fill: 'var(--dead)' });
    if (suspects) make(area, 'path', { d: suspects, fill: 'var(--suspect)' });
  }

  function drawHost(area, host) {
    const y = laneY(host);
    for (const { from, to, what } of stretches[host]) {
      if (to < view.from || from > view.to || what === 'absent') continue;
      rect(area, Math.max(x(from), LEFT), y, Math.min(x(to), width - RIGHT), LANE,
        `var(--${what})`, { 'data-host': host });
    }
    drawAccusers(area, host);
    if (LANE > 10 || host % 5 === 0) {
      make(svg, 'text', { x: LEFT - 8, y: middle(host) + 4, 'text-anchor': 'end' },
        run.hosts[host]);
    }
  }

  function drawCauses(area) {
    const hops = Number($('hops').value);
    const seen = run.causes.filter((one) =>
      one[6] <= hops && one[1] >= view.from && one[0] <= view.to);
    // The latest ones, as far back as there is room for them.
    let count = 0;
    while (count < seen.length) {
      const room = x(failure.at) - x(seen[seen.length - 1 - count][0]);
      if (count > 12 + room / PACKET_PX) break;
      ++count;
    }
    const drawn = seen.slice(seen.length - count);
    for (const [sent, arrives, from, to, size, lost, far] of drawn) {
      const [x1, y1, x2, y2] = [x(sent), middle(from), x(arrives), middle(to)];
      const words = `${run.hosts[from]} to ${run.hosts[to]}: ${size} bytes ` +
        `${lost ? 'LOST' : 'in ' + (arrives - sent).toFixed(3) + ' ms'}\nsent at ` +
        `${seconds(sent, 6)}, ${far} ${far === 1 ? 'hop' : 'hops'} from the failure`;
      make(area, 'line', { x1, y1, x2: lost ? (x1 + x2) / 2 : x2, y2: lost ? (y1 + y2) / 2 : y2,
        stroke: lost ? 'var(--bad)' : 'var(--cause)', 'stroke-width': far === 1 ? 1.6 : 1,
        'stroke-dasharray': lost ? '3 3' : 'none', opacity: Math.max(.9 - .22 * (far - 1), .15),
        'data-tip': words });
      make(area, 'circle', { cx: lost ? (x1 + x2) / 2 : x2, cy: lost ? (y1 + y2) / 2 : y2,
        r: far === 1 ? 2.4 : 1.6, fill: lost ? 'var(--bad)' : 'var(--cause)', 'data-tip': words });
    }
    $('hops-text').textContent = `${hops} ${hops === 1 ? 'hop' : 'hops'} (${seen.length > drawn.length ? 'latest ' : ''}${drawn.length}${
      seen.length > drawn.length ? ' of ' + seen.length : ''} packets)`;
  }

  function drawMarks(area) {
    make(area, 'line', { x1: x(cursor), x2: x(cursor), y1: AXIS - 4, y2: height,
      stroke: 'var(--ink)', 'stroke-width': 1, 'stroke-dasharray': '2 3' });
    if (!failure) return;
    const at = x(failure.at);
    make(area, 'line', { x1: at, x2: at, y1: AXIS - 6, y2: height, stroke: 'var(--bad)',
      'stroke-width': 2 });
    const y = failure.host === undefined ? AXIS : middle(failure.host);
    const tip = run.reason;
    make(area, 'circle', { cx: at, cy: y, r: 8, fill: 'var(--bad)', stroke: 'var(--card)',
      'stroke-width': 2, 'data-tip': tip });
    make(area, 'path', { d: `M${at} ${y - 4.5}v5.5M${at} ${y + 3.2}v1`, stroke: '#fff',
      'stroke-width': 2.2, 'stroke-linecap': 'round', 'data-tip': tip });
  }

  function draw() {
    width = Math.max(svg.clientWidth, 600);
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    svg.setAttribute('height', height);
    svg.textContent = '';
    const clip = make(make(svg, 'defs', {}), 'clipPath', { id: 'inside' });
    rect(clip, LEFT, 0, width - 1, height, 'none');
    drawAxis();
    const area = make(svg, 'g', { 'clip-path': 'url(#inside)' });
    drawFaults(area);
    run.hosts.forEach((_, host) => drawHost(area, host));
    if (run.causes.length) drawCauses(area);
    drawMarks(area);
  }

  let due = false;
  function redraw() {
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  }

  function show(from, to) {
    const span = Math.min(Math.max(to - from, 0.05), run.end * 1.02);
    const low = Math.min(Math.max(from, 0), run.end * 1.02 - span);
    view = { from: low, to: low + span };
    redraw();
  }

  svg.addEventListener('wheel', (event) => {
    event.preventDefault();
    const at = timeAt(event.offsetX);
    const factor = Math.exp(event.deltaY * 0.0015);
    show(at - (at - view.from) * factor, at + (view.to - at) * factor);
  }, { passive: false });

  let drag = null;
  svg.addEventListener('pointerdown', (event) => {
    drag = { px: event.clientX, view, moved: false };
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener('pointermove', (event) => {
    if (!drag) return;
    const by = event.clientX - drag.px;
    if (Math.abs(by) < 4 && !drag.moved) return;
    drag.moved = true;
    svg.classList.add('moving');
    const shift = (by / (width - LEFT - RIGHT)) * (drag.view.to - drag.view.from);
    show(drag.view.from - shift, drag.view.to - shift);
  });
  svg.addEventListener('pointerup', (event) => {
    svg.classList.remove('moving');
    const clicked = drag && !drag.moved;
    drag = null;
    if (clicked && event.offsetX > LEFT) setTime(Math.min(Math.max(timeAt(event.offsetX), 0), run.end));
  });
  $('hops').addEventListener('input', redraw);
  new ResizeObserver(redraw).observe($('lanes'));

  return {
    show, redraw,
    tip(event) {
      const host = event.target.dataset?.host;
      if (host === undefined) return event.target.closest?.('[data-tip]')?.dataset.tip;
      const at = timeAt(event.offsetX);
      let words = `${run.hosts[host]} ${ACTIVITY_WORDS[activityAt(host, at)]} at ${seconds(at)}`;
      const steps = host < members ? accusers[host].filter((one) => one.at <= at) : [];
      const last = steps[steps.length - 1];
      if (last?.suspect) words += `\nsuspected by ${last.suspect}`;
      if (last?.dead) words += `\ncounted dead by ${last.dead}`;
      return words;
    },
    setCursor(time) { cursor = time; redraw(); },
  };
})();
