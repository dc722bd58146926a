// Tables can be sorted by their headers, and long ones filtered. Without this script they are complete all the same.
const NUMBER = /^(?:< )?([+-]?[\d,]*\.?\d+)(?: %| pts)?$/;  // not a date
const number = (value) => parseFloat(NUMBER.exec(value)?.[1].replaceAll(",", ""));
for (const table of document.querySelectorAll("table.data")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const text = (row, column) => row.cells[column].textContent.trim();
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (rows.some((row) => row.cells[column].querySelector("svg"))) return;  // pictures have no order
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = head.ariaSort === "ascending" ? "descending" : "ascending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.ariaSort = order;
      const sign = order === "ascending" ? 1 : -1;
      rows.sort((one, other) => {
        const [a, b] = [text(one, column), text(other, column)];
        const [x, y] = [number(a), number(b)];
        if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;  // "—" comes last
        return sign * (Number.isNaN(x) ? a.localeCompare(b) : x - y);
      });
      body.append(...rows);
    });
  });
  if (rows.length < 10 || table.closest(".more")) continue;
  const more = table.closest(".card").nextElementSibling;  // the same list, folded
  const isContinued = more !== null && more.matches(".more");
  const filtered = isContinued ? [...rows, ...more.querySelectorAll("tbody tr")] : rows;
  const filter = document.createElement("input");
  filter.className = "filter";
  filter.type = "search";
  filter.placeholder = "Filter";
  filter.ariaLabel = "Filter the rows of this table";
  table.before(filter);
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of filtered) row.hidden = !row.textContent.toLowerCase().includes(wanted);
    if (isContinued && wanted) more.open = true;
  });
}
