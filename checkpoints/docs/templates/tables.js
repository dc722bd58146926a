// Tables can be sorted by their headers, and long ones filtered. Without this script they are complete all the same.
for (const table of document.querySelectorAll("table.data")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const text = (row, column) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const order = head.ariaSort === "ascending" ? "descending" : "ascending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.ariaSort = order;
      const sign = order === "ascending" ? 1 : -1;
      const number = (value) => parseFloat(value.replaceAll(",", ""));
      rows.sort((one, other) => {
        const [a, b] = [text(one, column), text(other, column)];
        const difference = number(a) - number(b);
        return sign * (Number.isNaN(difference) ? a.localeCompare(b) : difference);
      });
      body.append(...rows);
    });
  });
  if (rows.length < 10) continue;
  const filter = document.createElement("input");
  filter.className = "filter";
  filter.type = "search";
  filter.placeholder = "Filter";
  filter.ariaLabel = "Filter the rows of this table";
  table.before(filter);
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}
