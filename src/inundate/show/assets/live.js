'use strict';
// The live map: reads /state once, then follows /events. Text of posts only ever becomes text.
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const LISTED = 300; // posts in the list; the map shows all that are kept
  const DRAWN_MIN = 60; // a frame shows the posts of so many minutes before it
  const el = (id) => document.getElementById(id);
  let view = null; // what /state said, kept up to date
  let frame = -1;
  let follows = true;
  let timer = 0;
  let source = null;
  let latest = null; // of the health: problems and lag
  let isLinked = null; // not known before the first answer

  const make = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const shape = (name, attributes) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  };
  const kindOf = (post) => (post.water > 0 ? 'water' : post.water < 0 ? 'none' : 'neither');
  const clock = (time) => time.replace('T', ' ').replace(/(:\d\d)(:\d\d(\.\d+)?)?Z$/, '$1') + ' UTC';

  async function begin() {
    const answer = await fetch('/state');
    if (!answer.ok) throw new Error(String(answer.status));
    view = await answer.json();
    document.title = view.title;
    el('title').textContent = view.title;
    el('marks').setAttribute('viewBox', `0 0 ${view.width} ${view.height}`);
    legend();
    el('limits').replaceChildren(...view.limits.map((line) => make('li', '', line)));
    el('posts').replaceChildren(...view.posts.slice(-LISTED).reverse().map(item));
    refusals();
    frames();
    told();
    link(view.id);
  }

  function link(id) {
    if (source) source.close();
    source = new EventSource('/events?after=' + encodeURIComponent(id));
    source.onopen = () => { isLinked = true; status(); };
    source.onerror = () => { isLinked = false; status(); if (source.readyState === 2) again(); };
    const on = (kind, take) => source.addEventListener(kind, (event) => {
      const change = JSON.parse(event.data);
      if (change.seq !== view.seq + 1) { again(); return; } // never a change twice or out of turn
      view.seq = change.seq;
      take(change);
      told();
    });
    on('posts', takePosts);
    on('frame', takeFrame);
    on('rain', (change) => { view.last_rain = change.times[change.times.length - 1]; });
    on('refused', (change) => { view.refused.push(change); refusals(); });
    source.addEventListener('resync', again);
  }

  function refusals() {
    const lines = view.refused.slice(-20).map((one) => make('li', '', `${one.file}: ${one.why}`));
    el('refused').replaceChildren(...lines);
    el('refused-box').hidden = !lines.length;
  }

  function again() {
    if (source) source.close();
    isLinked = false;
    status();
    clearTimeout(again.timer);
    again.timer = setTimeout(() => begin().catch(again), 2000);
  }

  function takePosts(change) {
    view.posts.push(...change.posts);
    view.posts.splice(0, Math.max(0, view.posts.length - view.keep.posts));
    view.counts.posts += change.posts.length;
    view.counts.posts_located += change.posts.filter((post) => post.latitude !== null).length;
    view.counts.posts_on_map += change.posts.filter((post) => post.column !== null).length;
    view.counts.posts_water += change.posts.filter((post) => post.water === 1).length;
    const list = el('posts');
    list.prepend(...change.posts.slice().reverse().map(item));
    while (list.children.length > LISTED) list.lastChild.remove();
    marks();
  }

  function takeFrame(change) {
    view.frames.push(change);
    if (view.frames.length > view.keep.frames) { view.frames.shift(); frame -= 1; }
    frames();
  }

  function frames() {
    const last = view.frames.length - 1;
    el('slider').max = String(Math.max(0, last));
    show(follows || frame < 0 ? last : Math.min(frame, last));
  }

  function show(number) {
    frame = number;
    const found = view.frames[frame];
    el('depth').hidden = !found;
    if (found) {
      const url = '/frames/' + found.seq + '.png';
      if (el('depth').getAttribute('src') !== url) el('depth').setAttribute('src', url);
      el('slider').value = String(frame);
      const words = `${clock(found.time)}: ${found.area_km2} km² flooded, deepest ` +
        `${found.deepest_m} m, rain ${found.rain_mm_h} mm/h`;
      el('slider').setAttribute('aria-valuetext', words);
      el('words').textContent = words;
    } else {
      el('words').textContent = 'No frame yet: it comes with the rain of ten minutes.';
    }
    marks();
  }

  function shown() {
    const found = view.frames[frame];
    if (!found) return view.posts;
    const end = frame === view.frames.length - 1 ? Infinity : Date.parse(found.time);
    const start = Date.parse(found.time) - DRAWN_MIN * 60000;
    return view.posts.filter((post) => {
      const time = Date.parse(post.time);
      return !(time < start || time > end);
    });
  }

  // Posts of one cell are one mark with their number, since pseudonymised places are coarse.
  function marks() {
    const places = new Map();
    for (const post of shown()) {
      if (post.column === null) continue;
      const key = post.column + ' ' + post.row;
      if (!places.has(key)) places.set(key, []);
      places.get(key).push(post);
    }
    const drawn = [];
    let number = 0;
    for (const posts of places.values()) {
      const count = (kind) => posts.filter((post) => kindOf(post) === kind).length;
      const [water, none, neither] = ['water', 'none', 'neither'].map(count);
      const kind = water && water >= none ? 'water' : none ? 'none' : 'neither';
      const size = view.width / 90 * Math.min(3, Math.sqrt(posts.length));
      const { column, row } = posts[0];
      number += posts.length;
      const circle = shape('circle', { cx: column, cy: row, r: size, class: kind });
      const title = shape('title', {});
      title.textContent = `${posts.length} posts: ${water} say water, ${none} none, ` +
        `${neither} neither`;
      circle.append(title);
      drawn.push(circle);
      if (posts.length > 1) {
        const text = shape('text', { x: column, y: row, 'font-size': size });
        text.textContent = posts.length;
        drawn.push(text);
      }
    }
    el('marks').replaceChildren(...drawn);
    el('marks').setAttribute('aria-label', `${number} posts on the map`);
  }

  function item(post) {
    const node = make('li', kindOf(post));
    node.tabIndex = -1;
    node.append(make('bdi', 'text', post.text || '(text not shown)'));
    const about = [post.time ? clock(post.time) : 'no time', post.language || 'language unknown'];
    about.push(post.label ? post.label : 'not about water as far as is known');
    if (post.probability !== null) about.push(`sure to ${Math.round(100 * post.probability)} %`);
    about.push(post.latitude === null ? 'no place' : post.column === null ? 'outside the map'
      : `within ${Math.round(post.radius_m)} m`);
    about.push(post.why);
    node.append(make('span', 'about', about.join(' · ')));
    const mark = () => radius(post);
    node.addEventListener('mouseenter', mark);
    node.addEventListener('focus', mark);
    node.addEventListener('mouseleave', marks);
    node.addEventListener('blur', marks);
    return node;
  }

  function radius(post) {
    marks();
    if (post.column === null) return;
    el('marks').append(shape('circle', {
      cx: post.column, cy: post.row, r: post.radius_m / view.cell_m, class: 'radius' }));
  }

  function told() {
    const c = view.counts;
    el('counts').textContent = `${c.posts} posts, ${c.posts_water} say water, ` +
      `${c.posts - c.posts_located} without a place, ` +
      `${c.posts_located - c.posts_on_map} outside the map. ` +
      `Classified by: ${view.classified_by}.`;
    status();
  }

  function status() {
    const parts = [isLinked ? 'live' : isLinked === null ? 'connecting …' : 'connection lost, trying again'];
    if (view && view.last_rain) parts.push('rain until ' + clock(view.last_rain));
    if (latest) {
      if (latest.lag_s > 1200) parts.push(`rain is ${Math.round(latest.lag_s / 60)} min late`);
      for (const problem of Object.values(latest.problems)) parts.push(problem);
    }
    if (view && view.refused.length) parts.push(`${view.refused.length} files refused`);
    const line = el('line');
    const words = parts.join(' · ');
    if (line.textContent !== words) line.textContent = words;
    line.className = isLinked !== false && !(latest && latest.status === 'degraded') ? '' : 'bad';
  }

  async function ask() {
    try {
      latest = await (await fetch('/health')).json();
      if (view) status();
    } catch { /* the stream says that the connection is lost */ }
  }

  function legend() {
    const entries = view.legend.colours.map((colour, number) => {
      const node = make('span');
      const box = shape('svg', { viewBox: '0 0 2 1' });
      box.append(shape('rect', { width: 2, height: 1, fill: colour }));
      node.append(box, make('span', '', view.legend.labels[number]));
      return node;
    });
    el('legend').replaceChildren(
      make('strong', '', view.legend.title), ...entries, make('span', '', view.legend.below),
      make('span', '', 'posts of the hour before: orange some say water, green none, grey neither'));
  }

  function follow(is) {
    follows = is;
    el('follow').setAttribute('aria-pressed', String(is));
    if (is && view) show(view.frames.length - 1);
  }

  function play(is) {
    clearInterval(timer);
    timer = 0;
    el('play').setAttribute('aria-pressed', String(is));
    if (!is) return;
    follow(false);
    timer = setInterval(() => show((frame + 1) % Math.max(1, view.frames.length)), 700);
  }

  el('slider').addEventListener('input', () => { follow(false); show(Number(el('slider').value)); });
  el('follow').addEventListener('click', () => { play(false); follow(!follows); });
  el('play').addEventListener('click', () => play(!timer));
  setInterval(ask, 10000);
  ask();
  begin().catch(again);
})();
