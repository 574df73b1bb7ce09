"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
// Times in centiseconds. A chapter: [start, title]. A line: [start, chapter, opens a paragraph, its text], or instead
// of the text what is spoken from when on, by turns: [centiseconds after the start, words, ...].
const { chapters, lines, words } = data;
const [START, CHAPTER, OPENS, TEXT] = [0, 1, 2, 3];
const SKIP = 10;
const READING = 5000; // milliseconds in which the text does not move away under one who scrolls
const get = (id) => document.getElementById(id);
const [audio, play, position, played, hover, text] = ["audio", "play", "position", "played", "hover", "text"].map(get);
const still = matchMedia("(prefers-reduced-motion: reduce)");
const place = "darkchannel " + location.pathname;

let chapter = -1, line = -1, word = -1;
let shown = { first: 0, end: 0 }; // the lines of the chapter whose text is on the page
let scrolled = -READING;
let loaded = false, wanted = false, asked = null; // asked: seconds to go to as soon as there is sound

function clock(seconds) {
  const whole = Math.floor(seconds), part = (size, of) => String(Math.floor(whole / size) % of).padStart(2, "0");
  const short = `${part(60, 60)}:${part(1, 60)}`;
  return data.seconds < 3600 ? short : `${Math.floor(whole / 3600)}:${short}`;
}

/** How many of the first items start no later than a time in centiseconds, less one. */
function last(items, time) {
  let low = 0, high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle][0] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The first line of a chapter; lines come chapter by chapter. */
function firstOf(number) {
  let low = 0, high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle][CHAPTER] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

const now = () => asked ?? audio.currentTime;
const titleOf = (number) => chapters[number][1] || `${words.chapter} ${number + 1}`;
const plain = (item) => (Array.isArray(item[TEXT]) ? item[TEXT].filter((_, at) => at % 2).join("") : item[TEXT]);

function element(name, content, properties) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

function listChapters() {
  const items = chapters.map(([start], number) => {
    const button = element("button", [titleOf(number), element("time", [clock(start / 100)])], { type: "button" });
    button.dataset.chapter = number;
    return element("li", [button]);
  });
  get("chapters").append(...items);
  if (items.length < 2) {
    get("contents").hidden = true;
    document.querySelector("main").className = "single";
  }
}

function showChapter(number) {
  const buttons = get("chapters").querySelectorAll("button");
  buttons[chapter]?.removeAttribute("aria-current");
  buttons[number]?.setAttribute("aria-current", "true");
  if (buttons[number]) scrollInto(get("contents"), buttons[number]);
  chapter = number;
  line = word = -1;
  shown = { first: firstOf(number), end: firstOf(number + 1) };
  const paragraphs = [];
  for (let at = shown.first; at < shown.end; at++) {
    if (lines[at][OPENS] || !paragraphs.length) paragraphs.push(element("p", []));
    const sentence = element("span", [plain(lines[at])]);
    sentence.dataset.line = at;
    paragraphs.at(-1).append(sentence, " ");
  }
  if (!paragraphs.length) paragraphs.push(element("p", [words.silent], { className: "none" }));
  const title = chapters.length ? titleOf(number) : "";
  // Most chapters begin with their title, which is read like all else.
  const isRead = shown.first < shown.end && plain(lines[shown.first]) === title;
  text.replaceChildren(...(isRead ? [] : [element("h2", [title])]), ...paragraphs);
  text.scrollTop = 0;
}

function showLine(number) {
  const before = text.querySelector(".heard");
  if (before) {
    before.classList.remove("heard");
    before.textContent = plain(lines[before.dataset.line]);
  }
  line = number;
  word = -1;
  const sentence = text.querySelector(`[data-line="${number}"]`);
  if (!sentence) return;
  sentence.classList.add("heard");
  if (Array.isArray(lines[number][TEXT])) {
    const parts = lines[number][TEXT].filter((_, at) => at % 2).map((part) => {
      const bare = part.trimEnd();
      return [element("span", [bare]), part.slice(bare.length)];
    });
    sentence.replaceChildren(...parts.flat());
  }
  if (performance.now() - scrolled > READING) scrollInto(text, sentence);
}

function showWord(time) {
  const parts = lines[line]?.[TEXT];
  if (!Array.isArray(parts)) return;
  const starts = parts.filter((_, at) => at % 2 === 0).map((start) => [start]);
  const number = last(starts, time - lines[line][START]);
  if (number === word) return;
  const spans = text.querySelectorAll(".heard > span");
  spans[word]?.classList.remove("spoken");
  spans[number]?.classList.add("spoken");
  word = number;
}

/** Scroll a box, and nothing around it, so that an item in it stands where the eye looks. */
function scrollInto(box, item) {
  const from = item.getBoundingClientRect().top - box.getBoundingClientRect().top;
  if (from >= 0 && from + item.offsetHeight <= box.clientHeight * 0.7) return;
  box.scrollTo({ top: box.scrollTop + from - box.clientHeight * 0.25, behavior: still.matches ? "auto" : "smooth" });
}

function show() {
  const seconds = now(), time = seconds * 100 + 0.5;
  position.value = seconds;
  position.setAttribute("aria-valuetext", clock(seconds));
  played.style.width = `${Math.min(100, (seconds / data.seconds) * 100 || 0)}%`;
  get("time").textContent = `${clock(seconds)} / ${clock(data.seconds)}`;
  const number = Math.max(0, last(chapters, time));
  if (number !== chapter) showChapter(number);
  const heard = last(lines, time);
  const inside = heard >= shown.first && heard < shown.end ? heard : -1;
  if (inside !== line) showLine(inside);
  showWord(time);
}

function follow() {
  show();
  if (!audio.paused) requestAnimationFrame(follow);
}

function seek(seconds) {
  const to = Math.min(Math.max(seconds, 0), data.seconds);
  if (loaded) audio.currentTime = to;
  else asked = to;
  show();
}

function start() {
  wanted = true;
  // What keeps it from playing is told by the error event.
  audio.play().catch(() => {});
}

function toggle() {
  if (audio.paused) return start();
  wanted = false;
  audio.pause();
}

/** To the line before or after, as far as there is one. */
function step(by) {
  const to = lines[Math.max(0, last(lines, now() * 100 + 0.5) + by)];
  if (to) seek(to[START] / 100);
}

function remember() {
  try {
    if (loaded) localStorage.setItem(place, JSON.stringify([audio.currentTime, audio.playbackRate]));
  } catch {} // storage may be full or forbidden: then nothing is remembered
}

function recall() {
  try {
    const [seconds, speed] = JSON.parse(localStorage.getItem(place));
    if (seconds > 0 && seconds < data.seconds - 1) asked ??= seconds;
    if ([...get("speed").options].some((option) => Number(option.value) === speed)) get("speed").value = speed;
  } catch {}
}

function changeSpeed() {
  audio.defaultPlaybackRate = audio.playbackRate = Number(get("speed").value);
}

// In the bucket of results the book lies beside the folder of this page, under the folder's name.
function elsewhere() {
  const folder = location.pathname.split("/").at(-2);
  const extension = data.audio.slice(data.audio.lastIndexOf("."));
  return folder ? `../${folder}${extension}` : null;
}

function failed() {
  const other = audio.dataset.elsewhere ? null : elsewhere();
  if (loaded || !other) {
    get("problem").textContent = words.problem;
    get("problem").hidden = false;
    return;
  }
  audio.dataset.elsewhere = "yes";
  audio.src = other;
  if (wanted) start();
}

function onKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const pressable = event.target.closest("button, select, summary");
  if (event.target.closest("select") || (pressable && [" ", "Enter"].includes(event.key))) return;
  const does = {
    " ": toggle, k: toggle,
    ArrowLeft: () => seek(now() - SKIP), ArrowRight: () => seek(now() + SKIP),
    j: () => step(-1), l: () => step(1),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}

function onState() {
  play.classList.toggle("playing", !audio.paused);
  play.setAttribute("aria-label", audio.paused ? words.play : words.pause);
  play.title = `${audio.paused ? words.play : words.pause} (${words.space})`;
  if (audio.paused) remember();
  follow();
}

function onHover(event) {
  const box = position.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  const at = share * data.seconds, number = last(chapters, at * 100);
  hover.textContent = chapters.length > 1 ? `${clock(at)} · ${titleOf(Math.max(0, number)).slice(0, 40)}` : clock(at);
  hover.hidden = false;
  const half = hover.offsetWidth / 2;
  hover.style.left = `${Math.min(Math.max(share * box.width, half), box.width - half)}px`;
}

listChapters();
recall();
changeSpeed();
if (matchMedia("(max-width: 44rem)").matches) get("contents").open = false;
for (const picture of document.querySelectorAll("img")) {
  const lost = () => {
    picture.parentElement.classList.add("plain");
    picture.remove();
  };
  if (picture.complete && !picture.naturalWidth) lost();
  else picture.addEventListener("error", lost);
}
if (!document.querySelector("#seek img")) get("seek").classList.add("plain");

audio.addEventListener("loadedmetadata", () => {
  loaded = true;
  if (asked !== null) audio.currentTime = asked;
  asked = null;
  show();
});
audio.addEventListener("error", failed);
for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, onState);
for (const name of ["seeked", "timeupdate"]) audio.addEventListener(name, show);
audio.addEventListener("ratechange", () => (get("speed").value = audio.playbackRate));
play.addEventListener("click", toggle);
get("back").addEventListener("click", () => seek(now() - SKIP));
get("forward").addEventListener("click", () => seek(now() + SKIP));
get("speed").addEventListener("change", changeSpeed);
position.addEventListener("input", () => seek(Number(position.value)));
get("seek").addEventListener("pointermove", onHover);
get("seek").addEventListener("pointerleave", () => (hover.hidden = true));
get("chapters").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  seek(chapters[button.dataset.chapter][0] / 100);
  start();
});
text.addEventListener("click", (event) => {
  const sentence = event.target.closest("[data-line]");
  if (!sentence || !getSelection().isCollapsed) return;
  seek(lines[sentence.dataset.line][START] / 100);
  start();
});
for (const name of ["wheel", "touchmove"]) {
  text.addEventListener(name, () => (scrolled = performance.now()), { passive: true });
}
document.addEventListener("keydown", onKey);
addEventListener("pagehide", remember);
setInterval(remember, 5000);
audio.src = data.audio;
show();
