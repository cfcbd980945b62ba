'use strict';
// The live map: reads /state once, then follows /events. Text of posts only ever becomes text.
(() => {
  const SVG = 'http://www.w3.org/2000/svg';
  const LISTED = 300; // posts in the list; the map shows all that are kept
  const DRAWN_MIN = 60; // a frame shows the posts of so many minutes before it
  const el = (id) => document.getElementById(id);
  let view = null; // what /state said, kept up to date
  let frame = -1;
  let layer = 'depth'; // of a forecast: the median depth, or a probability
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
    on('nowcast', takeNowcast);
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
    const time = timeShown();
    view.frames.push(change);
    if (view.frames.length > view.keep.frames) view.frames.shift();
    frames(time);
  }

  function takeNowcast(change) {
    const time = timeShown();
    view.nowcast = change;
    frames(time);
  }

  // What the slider goes through: frames of rain that fell, then those of a forecast after them.
  function entries() {
    const last = view.frames.length ? view.frames[view.frames.length - 1].time : '';
    const cast = view.nowcast_min ? view.nowcast : null;
    const ahead = !cast ? [] : cast.frames.map((lead, number) => ({ ...lead, cast, number }))
      .filter((lead) => Date.parse(lead.time) > Date.parse(last || cast.issued));
    return [...view.frames, ...ahead];
  }

  const timeShown = () => { const found = entries()[frame]; return found ? found.time : null; };

  function frames(time) {
    const all = entries();
    el('slider').max = String(Math.max(0, all.length - 1));
    const same = all.findIndex((one) => one.time === time);
    axis(all);
    aheadTold(all);
    show(follows || frame < 0 ? view.frames.length - 1 : same >= 0 ? same
      : Math.min(frame, all.length - 1));
  }

  function axis(all) {
    const gap = all.length > 1 ? 1000 / (all.length - 1) : 1000;
    const width = Math.min(40, 0.7 * gap);
    el('axis').replaceChildren(...all.map((one, number) => shape('rect', {
      x: number * gap - width / 2, y: 1, width, height: 8, class: one.cast ? 'ahead' : one.missing_min > 0 ? 'seen gaps' : 'seen' })));
    el('kinds').hidden = !all.some((one) => one.cast);
  }

  function aheadTold(all) {
    el('ahead').hidden = !view.nowcast_min;
    const cast = view.nowcast;
    const waits = latest && latest.nowcast_waits_for;
    const parts = [];
    if (cast) {
      const { east_m_s: east, north_m_s: north, vectors } = cast.motion;
      const speed = Math.round(Math.hypot(east, north));
      const to = ['north', 'north-east', 'east', 'south-east', 'south', 'south-west', 'west',
        'north-west'][(Math.round(Math.atan2(east, north) / (Math.PI / 4)) + 8) % 8];
      const moves = cast.method === 'dry' ? 'no rain in reach of the radar'
        : !vectors ? 'no motion seen, the rain is taken to stand still'
          : speed ? `rain moves ${to} at ${speed} m/s` : 'rain hardly moves';
      parts.push(`Forecast issued ${clock(cast.issued)}, ${cast.members} members: ${moves}.`);
      if (cast.reach_min < cast.asked_min) {
        parts.push(`It ends after ${Math.round(cast.reach_min)} of ${cast.asked_min} min: later ` +
          'rain would come from where no radar looks.');
      }
      if (!all.some((one) => one.cast)) parts.push('No frame of it is still ahead.');
      parts.push('The rain of the future is a guess.');
    }
    if (waits) parts.push(`The next forecast waits for ${waits}.`);
    else if (!cast) parts.push('No forecast yet.');
    const words = parts.join(' ');
    if (el('ahead-words').textContent !== words) el('ahead-words').textContent = words;
  }

  // A journal of an older version does not tell what was missing.
  const gap = (one) => (one.missing_min > 0 ? `; RADAR IS MISSING for ${one.missing_min} min ` +
    'before this and counts as no rain: depths may be too low' : '');

  function wordsOf(found) {
    if (!found.cast) {
      return `${clock(found.time)}: ${found.area_km2} km² flooded, deepest ` +
        `${found.deepest_m} m, rain ${found.rain_mm_h} mm/h${gap(found)}`;
    }
    const cast = found.cast;
    return `Forecast for ${clock(found.time)}, ${Math.round(found.lead_min)} min after the rain ` +
      `of ${clock(cast.issued)}: in the median of ${cast.members} members ${found.area_km2} km² ` +
      `flooded, deepest ${found.deepest_m} m; more than ${cast.threshold_m} m is likelier than ` +
      `not in ${found.likely_km2} km²; rain ${found.rain_mm_h[0]} to ${found.rain_mm_h[1]} mm/h` + gap(cast);
  }

  function show(number) {
    frame = number;
    const found = entries()[frame];
    const cast = found && found.cast;
    el('depth').hidden = !found;
    el('map').classList.toggle('ahead', Boolean(cast));
    el('badge').hidden = !cast;
    legend(cast && layer === 'chance' ? view.legend_chance : view.legend);
    if (found) {
      const url = cast ? `/nowcast/${cast.seq}/${found.number}/${layer}.png`
        : '/frames/' + found.seq + '.png';
      if (el('depth').getAttribute('src') !== url) el('depth').setAttribute('src', url);
      el('slider').value = String(frame);
      const words = wordsOf(found);
      el('slider').setAttribute('aria-valuetext', words);
      el('words').textContent = words;
      el('words').classList.toggle('gaps', (cast || found).missing_min > 0);
      if (cast) {
        const what = layer === 'chance' ? `probability of more than ${cast.threshold_m} m`
          : 'median depth';
        el('badge').textContent = `Forecast, +${Math.round(found.lead_min)} min: ${what}`;
      }
    } else {
      el('words').textContent = 'No frame yet: it comes with the rain of ten minutes.';
    }
    marks();
  }

  function shown() {
    const found = entries()[frame];
    if (!found) return view.posts;
    const end = frame >= view.frames.length - 1 ? Infinity : Date.parse(found.time);
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
      if (view) aheadTold(entries());
      const told = { ...latest.problems, ...latest.warnings };
      for (const one of Object.values(told)) parts.push(one);
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

  function legend(of) {
    if (legend.of === of) return;
    legend.of = of;
    const classes = of.colours.map((colour, number) => {
      const node = make('span');
      const box = shape('svg', { viewBox: '0 0 2 1' });
      box.append(shape('rect', { width: 2, height: 1, fill: colour }));
      node.append(box, make('span', '', of.labels[number]));
      return node;
    });
    el('legend').replaceChildren(
      make('strong', '', of.title), ...classes, make('span', '', of.below),
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
    timer = setInterval(() => show((frame + 1) % Math.max(1, entries().length)), 700);
  }

  // The class under the pointer, told by its colour: pictures hold classes, not depths.
  function under(event) {
    const picture = el('depth');
    const box = picture.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * view.width);
    const row = Math.floor((event.clientY - box.top) / box.height * view.height);
    const inside = column >= 0 && row >= 0 && column < view.width && row < view.height;
    el('under').hidden = picture.hidden || !picture.naturalWidth || !inside;
    if (el('under').hidden) return;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 1;
    const pen = canvas.getContext('2d');
    pen.drawImage(picture, -column, -row);
    const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
    const hex = '#' + [red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('');
    const place = legend.of.colours.indexOf(hex);
    el('under').textContent = `${legend.of.title}: ` + (alpha < 255 ? legend.of.below
      : place < 0 ? 'not known' : legend.of.labels[place]);
  }

  el('slider').addEventListener('input', () => { follow(false); show(Number(el('slider').value)); });
  el('follow').addEventListener('click', () => { play(false); follow(!follows); });
  el('play').addEventListener('click', () => play(!timer));
  el('layer').addEventListener('change', () => { layer = el('layer').value; show(frame); });
  el('map').addEventListener('mousemove', (event) => { if (view) under(event); });
  el('map').addEventListener('mouseleave', () => { el('under').hidden = true; });
  setInterval(ask, 10000);
  ask();
  begin().catch(again);
})();
