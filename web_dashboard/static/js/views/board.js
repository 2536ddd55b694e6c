// @ts-check
import { explain } from "../model/problem.js";
import { ordered } from "../model/sorting.js";
import { useSignal } from "../ui/hooks.js";
import { html, useState } from "../ui/html.js";
import { Icon } from "../ui/icons.js";

/**
 * A column: `of` makes rows comparable, `cell` shows them; figures begin with the largest (`down`).
 * @template T
 * @typedef {{key: string, label: string, hint?: string, of?: (row: T) => string | number, down?: boolean,
 *   cell: (row: T) => any}} Column
 */

/** @typedef {{by: string, down: boolean}} Sort */

const PAGE = 100; // rows in the page at first, and with each "more"

/**
 * A page of lists, with why the last thing that was pressed did not happen.
 * @param {{app: import("../app.js").App, name: string, children?: any}} props
 */
export function Page({ app, name, children }) {
  return html`<section class="board" aria-label=${name}>
    <${Refused} app=${app} />
    <div class="scroll" tabindex="-1">${children}</div>
  </section>`;
}

/** @param {{app: import("../app.js").App}} props */
function Refused({ app }) {
  const problem = useSignal(app.problem);
  if (!problem) return html`<div role="alert"></div>`;
  const { text, code } = explain(problem);
  return html`<div role="alert" class="refused">
    <p>${text} <code>${code}</code></p>
    <button class="quiet" type="button" aria-label="Close the message" onClick=${() => (app.problem.value = null)}>
      <${Icon} name="close" />
    </button>
  </div>`;
}

/**
 * A sortable table; on a phone each row is a card, and a list of choices sorts them.
 * @param {{title: string, caption: string, columns: Column<any>[], rows: any[], idOf: (row: any) => string,
 *   first: Sort, empty: string, children?: any, over?: (id: string | null) => void}} props
 */
export function Board({ title, caption, columns, rows, idOf, first, empty, children, over }) {
  const [sort, setSort] = useState(first);
  const [most, setMost] = useState(PAGE);
  const column = /** @type {Column<any>} */ (columns.find(({ key }) => key === sort.by));
  const shown = ordered(rows, column.of ?? idOf, sort.down, idOf);
  /** @param {string} by */
  const turn = (by) => {
    const down = columns.find(({ key }) => key === by)?.down ?? false;
    setSort({ by, down: sort.by === by ? !sort.down : down });
  };
  return html`<section class="list" aria-label=${title}>
    <div class="section-head">
      <h2>${title}</h2>
      <span class="muted" data-count>${rows.length || ""}</span>
      ${rows.length > 1 && html`<${SortBy} columns=${columns} sort=${sort} turn=${turn} />`}
      <div class="push">${children}</div>
    </div>
    ${rows.length === 0 && html`<p class="empty">${empty}</p>`}
    ${
      rows.length > 0 &&
      html`<${Sheet} caption=${caption} columns=${columns} rows=${shown.slice(0, most)} idOf=${idOf} sort=${sort} turn=${turn} over=${over} />`
    }
    ${
      rows.length > most &&
      html`<button class="chip more" type="button" onClick=${() => setMost(most + PAGE)}>
        Show more<span class="unseen"> ${title.toLowerCase()}</span>: ${rows.length - most} left
      </button>`
    }
  </section>`;
}

/**
 * The roles are written out, for a table that is laid out as cards is heard as none otherwise.
 * @param {{caption: string, columns: Column<any>[], rows: any[], idOf: (row: any) => string, sort: Sort,
 *   turn: (by: string) => void, over?: (id: string | null) => void}} props
 */
function Sheet({ caption, columns, rows, idOf, sort, turn, over }) {
  return html`<table class="cards" role="table">
    <caption class="unseen">${caption}</caption>
    <thead role="rowgroup">
      <tr role="row">
        ${columns.map((one) => html`<${Head} key=${one.key} column=${one} sort=${sort} turn=${turn} />`)}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${rows.map((row) => html`<${Row} key=${idOf(row)} id=${idOf(row)} row=${row} columns=${columns} over=${over} />`)}
    </tbody>
  </table>`;
}

/** For a phone, where the heads are not shown. @param {{columns: Column<any>[], sort: Sort, turn: (by: string) => void}} props */
function SortBy({ columns, sort, turn }) {
  /** @param {any} event */
  const choose = (event) => turn(event.target.value);
  return html`<label class="sort-by narrow-only">
    <span class="unseen">Sort by</span>
    <select value=${sort.by} onChange=${choose}>
      ${columns
        .filter(({ of }) => of)
        .map(
          ({ key, label }) =>
            html`<option key=${key} value=${key} selected=${key === sort.by}>${label}</option>`,
        )}
    </select>
  </label>`;
}

/** @param {{column: Column<any>, sort: Sort, turn: (by: string) => void}} props */
function Head({ column: { key, label, hint, of }, sort, turn }) {
  if (!of)
    return html`<th scope="col" role="columnheader" class=${`is-${key}`}><span class="unseen">${label}</span></th>`;
  const order = sort.by !== key ? "none" : sort.down ? "descending" : "ascending";
  return html`<th scope="col" role="columnheader" aria-sort=${order} class=${`is-${key}`}>
    <button type="button" onClick=${() => turn(key)} title=${hint}>${label}<${Icon} name="down" /></button>
  </th>`;
}

/** @param {{id: string, row: any, columns: Column<any>[], over?: (id: string | null) => void}} props */
function Row({ id, row, columns, over }) {
  const [head, ...rest] = columns;
  return html`<tr
    role="row"
    data-id=${id}
    onMouseEnter=${over && (() => over(id))}
    onMouseLeave=${over && (() => over(null))}
    onFocusIn=${over && (() => over(id))}
    onFocusOut=${over && (() => over(null))}
  >
    <th scope="row" role="rowheader" class=${`is-${head.key}`}>${head.cell(row)}</th>
    ${rest.map(
      ({ key, label, cell, of }) =>
        html`<td key=${key} role="cell" class=${`is-${key}`} data-label=${of ? label : null}>${cell(row)}</td>`,
    )}
  </tr>`;
}

/** A station's name that opens the station. @param {{app: import("../app.js").App, id: string, name?: string}} props */
export function Place({ app, id, name }) {
  const text = app.store.stations.get(id)?.name ?? name ?? id;
  return html`<button class="inline" type="button" onClick=${() => app.select(id)}>${text}</button>`;
}
