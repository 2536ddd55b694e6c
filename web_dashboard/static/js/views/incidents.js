// @ts-check
import { assignTicket, resolveTicket } from "../model/actions.js";
import { percent, plural } from "../model/format.js";
import { dueAt } from "../model/time.js";
import { INCIDENT_STATES, SEVERITIES, TICKET_STATES, capital, spaced } from "../model/words.js";
import { useStore } from "../ui/hooks.js";
import { html } from "../ui/html.js";
import { SeverityMark } from "../ui/icons.js";
import { Age, ClockCell, Until } from "./ages.js";
import { Board, Page, Place } from "./board.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {import("../model/types.js").Ticket} Ticket
 * @typedef {import("../model/types.js").Incident} Incident
 * @typedef {Ticket | Incident} Fault
 */

/** What is wrong, how far it has climbed, and what people do about it. @param {{app: App}} props */
export function Incidents({ app }) {
  useStore(app.store, ["tickets", "incidents", "stations", "staff"], 120);
  const { tickets, incidents } = app.store.work;
  return html`<${Page} app=${app} name="Incidents and tickets">
    <${Board}
      title="Tickets"
      caption="Open tickets; the one that is due next comes first"
      columns=${ticketColumns(app)}
      rows=${[...tickets.values()]}
      idOf=${(/** @type {Ticket} */ one) => one.ticket_id}
      first=${{ by: "due", down: false }}
      empty="No ticket is open: nothing waits for a person."
    />
    <${Board}
      title="Incidents"
      caption="Open incidents; the worst first"
      columns=${incidentColumns(app)}
      rows=${[...incidents.values()]}
      idOf=${(/** @type {Incident} */ one) => one.incident_id}
      first=${{ by: "level", down: true }}
      empty="No fault is open in the whole network."
    />
  <//>`;
}

/** @param {App} app @returns {import("./board.js").Column<any>[]} */
function ofFault(app) {
  return [
    {
      key: "fault",
      label: "Fault",
      of: (/** @type {Fault} */ one) => one.kind,
      cell: (/** @type {Fault} */ one) => html`<${What} app=${app} one=${one} />`,
    },
    {
      key: "severity",
      label: "Severity",
      of: (/** @type {Fault} */ one) => SEVERITIES.indexOf(one.severity),
      down: true,
      cell: (/** @type {Fault} */ one) => html`<span class="severity" data-severity=${one.severity}>
        <${SeverityMark} of=${one.severity} />${one.severity}
      </span>`,
    },
  ];
}

/** @param {{app: App, one: Fault}} props */
function What({ app, one }) {
  return html`<span class="named">
    <b>${capital(spaced(one.kind))}</b>
    <small><${Place} app=${app} id=${one.station_id} />${one.battery_id && html` <span class="mono">${one.battery_id}</span>`}</small>
    ${one.description && html`<small class="muted">${one.description}</small>`}
  </span>`;
}

/** @param {App} app @returns {import("./board.js").Column<Ticket>[]} */
function ticketColumns(app) {
  const { store } = app;
  return [
    ...ofFault(app),
    {
      key: "state",
      label: "Status",
      of: (one) => one.status,
      cell: (one) => html`<span class="state" data-state=${one.status}>${TICKET_STATES[one.status]}</span>`,
    },
    {
      key: "who",
      label: "Assigned to",
      of: (one) => one.assignee ?? "",
      cell: (one) =>
        one.assignee
          ? (store.names.get(one.assignee) ?? one.assignee)
          : html`<span class="muted">nobody</span>`,
    },
    {
      key: "due",
      label: "Acknowledge",
      hint: "Time to acknowledge it; sorts by the clock that is due next",
      of: dueAt,
      cell: (one) => html`<${ClockCell} store=${store} name="acknowledge" clock=${one.clocks.acknowledge} />`,
    },
    {
      key: "repair",
      label: "Repair",
      hint: "Time to repair it",
      of: (one) => Date.parse(one.clocks.repair.due_at ?? "") || Number.MAX_SAFE_INTEGER,
      cell: (one) => html`<${ClockCell} store=${store} name="repair" clock=${one.clocks.repair} />`,
    },
    { key: "act", label: "Actions", cell: (one) => html`<${TicketActions} app=${app} ticket=${one} />` },
  ];
}

/** @param {{app: App, ticket: Ticket}} props */
function TicketActions({ app, ticket }) {
  const acknowledge = () => app.act("ticket:update", { ticket_id: ticket.ticket_id, status: "acknowledged" });
  const about = html`<span class="unseen"> the ticket for ${spaced(ticket.kind)}</span>`;
  return html`<span class="actions">
    ${
      ticket.status === "open" &&
      html`<button class="chip is-strong" type="button" onClick=${acknowledge}>Acknowledge${about}</button>`
    }
    <button class="chip" type="button" onClick=${() => (app.asking.value = assignTicket(app.store, ticket))}>
      Assign …${about}
    </button>
    <button class="chip" type="button" onClick=${() => (app.asking.value = resolveTicket(app.store, ticket))}>
      Resolve …${about}
    </button>
  </span>`;
}

/** @param {App} app @returns {import("./board.js").Column<Incident>[]} */
function incidentColumns(app) {
  return [
    ...ofFault(app),
    {
      key: "level",
      label: "Level",
      hint: "1: a runbook is tried, 2: an opinion is given, 3: a person works on it; then by severity",
      of: (one) => one.level * 10 + SEVERITIES.indexOf(one.severity),
      down: true,
      cell: (one) =>
        html`<span class="level" data-level=${one.level}><b>${one.level}</b> ${INCIDENT_STATES[one.state]}</span>`,
    },
    {
      key: "done",
      label: "What is done",
      of: (one) => one.runs.length,
      cell: (one) => html`<${Done} app=${app} incident=${one} />`,
    },
    {
      key: "age",
      label: "Age",
      hint: "Since it was reported first",
      of: (one) => app.store.now - Date.parse(one.raised_at),
      down: true,
      cell: (one) => html`<span class="named">
        <${Age} store=${app.store} at=${one.raised_at} />
        ${one.reports > 1 && html`<small class="muted">${plural(one.reports, "report")}</small>`}
      </span>`,
    },
  ];
}

/** The runbook that was tried last, and the opinion. @param {{app: App, incident: Incident}} props */
function Done({ app, incident }) {
  const run = incident.runs.at(-1);
  const { analysis, climbs_at } = incident;
  if (!run && !analysis) return html`<span class="muted">nothing can be done by the hub itself</span>`;
  return html`<span class="named done">
    ${
      run &&
      html`<span data-run=${run.state}><b>${capital(spaced(run.runbook))}</b> ${runWords(run)}${
        run.state === "running" &&
        html`, <${Until} store=${app.store} at=${run.until} over="to be judged now" />`
      }</span>`
    }
    ${
      analysis &&
      html`<span data-opinion>${percent(analysis.probability)} that a person is needed. ${analysis.recommendation}</span>
      <small class="muted">${reasons(analysis)}${climbs_at && html`; a ticket in <${Until} store=${app.store} at=${climbs_at} over="a moment" />`}</small>`
    }
  </span>`;
}

/** @param {import("../model/types.js").Run} run */
function runWords({ state, attempt }) {
  const words = {
    running: "is tried",
    verified: "has helped",
    failed: "has not helped",
    interrupted: "was broken off",
  };
  const times = attempt > 1 ? ` (attempt ${attempt})` : "";
  return `${/** @type {Record<string, string>} */ (words)[state] ?? state}${times}`;
}

/** @param {import("../model/types.js").Analysis} analysis */
function reasons({ reasons: told, source }) {
  const main = told.map(({ feature, effect }) => `${spaced(feature)} ${percent(effect)}`).join(", ");
  return `${source === "model" ? "Model" : "Rule of thumb"}: ${main || "no signs"}`;
}
