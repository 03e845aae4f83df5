// Changing the order of a list: a finger or a mouse drags a handle, and the arrow keys do the same.

/** A row is `selector`; `done(row)` is told once it lies where it was put, `moved(row)` at each step by keys. */
export function sortable(list, selector, { done, moved }) {
  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle");
    if (!handle || event.button !== 0) return;
    const row = handle.closest(selector);
    event.preventDefault();
    handle.focus({ preventScroll: true });
    handle.setPointerCapture(event.pointerId);
    row.classList.add("dragged");
    const from = indexOf(row);
    const over = new AbortController();
    const stop = () => {
      over.abort();
      row.classList.remove("dragged");
      if (indexOf(row) !== from) done(row);
    };
    handle.addEventListener("pointermove", ({ clientY }) => place(row, clientY), { signal: over.signal });
    for (const kind of ["pointerup", "pointercancel"]) handle.addEventListener(kind, stop, { signal: over.signal });
  });
  list.addEventListener("keydown", (event) => {
    const handle = event.target.closest(".handle");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!handle || !by) return;
    event.preventDefault();
    const row = handle.closest(selector);
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (by < 0) row.after(other);
    else row.before(other);
    moved(row);
  });
}

/** Past the middle of a neighbour it takes that one's place. It is the neighbour that is moved: what is held must not be. */
function place(row, y) {
  const middle = (one) => one.getBoundingClientRect().top + one.getBoundingClientRect().height / 2;
  while (row.previousElementSibling && y < middle(row.previousElementSibling)) row.after(row.previousElementSibling);
  while (row.nextElementSibling && y > middle(row.nextElementSibling)) row.before(row.nextElementSibling);
}

export function indexOf(row) {
  return [...row.parentElement.children].indexOf(row);
}
