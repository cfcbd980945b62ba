// The words of the page: every sentence has a key, and the page holds all its languages.

const data = JSON.parse(document.getElementById("data").textContent);
let language = data.language;

// A sentence is a key, or {say: key, with: values}; what is neither is text already.
function t(sentence, values = {}) {
  const { say, with: inner } = typeof sentence === "object" ? sentence : { say: sentence, with: values };
  return data.words[language][say].replace(/\{(\w+)\}/g, (_, name) => words(inner[name]));
}

const words = (value) => (value !== null && typeof value === "object" ? t(value) : String(value));
const counted = (key, count, values = {}) =>
  t(`${key}.${count === 1 ? "one" : "other"}`, { count, ...values });

// Say everything again that the file was written with; what scripts drew is drawn anew by them.
function sayAll() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-say]")) {
    element.textContent = t(element.dataset.say);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(element.dataset.label));
  }
  for (const element of document.querySelectorAll("[data-said]")) {
    element.textContent = t(JSON.parse(element.dataset.said));
  }
}
