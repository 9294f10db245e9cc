// The heat map: a row for each observer, a column for each subject, at one time.
const views = (() => {
  const canvas = document.createElement('canvas');
  $('views').append(canvas);
  const names = members <= 30;
  const LEFT = names ? 84 : 30;
  const TOP = names ? 70 : 26;
  const RIGHT = names ? 52 : 4;  // the last name leans out
  let cell = 12;
  let time = 0;

  function draw() {
    const room = $('views').clientWidth - LEFT - RIGHT;
    cell = Math.max(3, Math.min(44, Math.floor(room / Math.max(members, 1))));
    const width = LEFT + members * cell + RIGHT;
    const height = TOP + members * cell + 2;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.width = width + 'px';
    canvas.style.height = height + 'px';
    const pen = canvas.getContext('2d');
    pen.scale(ratio, ratio);
    const paint = Object.fromEntries(OPINIONS.map((name) => [name, color(name)]));
    const now = opinionsAt(time);
    const space = cell > 6 ? 1 : 0;
    for (let observer = 0; observer < members; ++observer) {
      const runs = !['down', 'absent'].includes(activityAt(observer, time));
      for (let subject = 0; subject < members; ++subject) {
        const opinion = OPINIONS[now[observer * members + subject]];
        pen.fillStyle = runs ? paint[opinion] : color('unknown');
        pen.fillRect(LEFT + subject * cell, TOP + observer * cell, cell - space, cell - space);
      }
    }
    label(pen);
  }

  function label(pen) {
    pen.fillStyle = color('soft');
    pen.font = '11.5px ' + getComputedStyle(document.body).fontFamily;
    pen.textBaseline = 'middle';
    for (let host = 0; host < members; ++host) {
      if (!names && host % 10) continue;
      const middle = host * cell + cell / 2;
      const text = names ? run.hosts[host] : String(host);
      pen.textAlign = 'right';
      pen.fillText(text, LEFT - 7, TOP + middle);
      pen.save();
      pen.translate(LEFT + middle, TOP - 7);
      if (names) pen.rotate(-Math.PI / 3.2);
      pen.textAlign = names ? 'left' : 'center';
      pen.fillText(text, 0, 0);
      pen.restore();
    }
  }

  new ResizeObserver(draw).observe($('views'));

  return {
    draw,
    setTime(at) { time = at; draw(); },
    tip(event) {
      if (event.target !== canvas) return undefined;
      const subject = Math.floor((event.offsetX - LEFT) / cell);
      const observer = Math.floor((event.offsetY - TOP) / cell);
      if (subject < 0 || observer < 0 || subject >= members || observer >= members) return undefined;
      const opinion = OPINIONS[opinionsAt(time)[observer * members + subject]];
      const down = ['down', 'absent'].includes(activityAt(observer, time));
      return `${run.hosts[observer]} ${down ? 'does not run'
        : opinion === 'unknown' ? 'does not know ' + run.hosts[subject]
          : 'holds ' + run.hosts[subject] + ' ' + opinion}`;
    },
  };
})();
