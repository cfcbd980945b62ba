"use strict";
// Hides the rows that a reader did not ask for; without a script all rows are shown.
(() => {
  const rows = [...document.querySelectorAll("#mistakes tbody tr")];
  const tools = document.getElementById("tools");
  const told = document.getElementById("told");
  const words = document.getElementById("words");
  const choices = [...tools.querySelectorAll("select")];
  const show = () => {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = choices.every((one) => !one.value || row.dataset[one.name] === one.value);
      row.hidden = !fits || (wanted !== "" && !row.textContent.toLowerCase().includes(wanted));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = `${shown} of ${rows.length} shown`;
  };
  tools.hidden = false;
  for (const one of [...choices, words]) one.addEventListener("input", show);
  show();
})();
