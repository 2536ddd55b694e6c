// @ts-check
/** What an operator may ask of the hub, as questions: fields, a summary to confirm, and the command. */
import { capital, spaced } from "./words.js";

/**
 * @typedef {import("./types.js").Job} Job
 * @typedef {import("./types.js").Ticket} Ticket
 * @typedef {import("./store.js").Store} Store
 * @typedef {{value: string, label: string}} Option
 * @typedef {Record<string, any>} Values
 * @typedef {{name: string, label: string, kind: "select" | "checks" | "number" | "text", options?: Option[],
 *   min?: number, max?: number, required?: boolean, hint?: string}} Field
 * @typedef {object} Question
 * @property {string} title
 * @property {string} [text]
 * @property {Values} values to begin with
 * @property {(values: Values) => Field[]} fields
 * @property {(values: Values) => string | null} [refuse] why the values will not do, before the hub is asked
 * @property {(values: Values) => string} [review] what is about to happen, to be confirmed
 * @property {string} submit
 * @property {boolean} [danger]
 * @property {string} event
 * @property {(values: Values) => object} payload
 */

const REASON_MOST = 200;
const NOTE_MOST = 1000;
const PACKS_MOST = 200;

/** @param {Store} store @returns {Option[]} */
function stationOptions(store) {
  return [...store.stations.values()]
    .map(({ id, name, is_active }) => ({ value: id, label: is_active ? name : `${name} (closed)` }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

/** @param {Option[]} options @returns {Option[]} */
function withNone(options, label = "Choose …") {
  return [{ value: "", label }, ...options];
}

/**
 * @param {Store} store
 * @param {{partner_id: string, name: string}[]} partners
 * @returns {Question}
 */
export function newJob(store, partners) {
  const ends = [
    ...stationOptions(store).map(({ value, label }) => ({ value: `station ${value}`, label })),
    ...partners.map(({ partner_id, name }) => ({
      value: `partner ${partner_id}`,
      label: `${name} (partner)`,
    })),
  ];
  return {
    title: "New job",
    text: "Charged packs are reserved at once, and the job is offered to the nearest transporters.",
    values: { from: "", to: "", battery_count: 4, priority: "1" },
    fields: ({ from }) => [
      { name: "from", label: "From", kind: "select", options: withNone(ends), required: true },
      {
        name: "to",
        label: "To",
        kind: "select",
        options: withNone(ends.filter(({ value }) => value !== from)),
        required: true,
      },
      { name: "battery_count", label: "Packs", kind: "number", min: 1, max: PACKS_MOST, required: true },
      {
        name: "priority",
        label: "Priority",
        kind: "select",
        options: [1, 2, 3, 4, 5].map((n) => ({
          value: String(n),
          label: n === 1 ? "1, can wait" : n === 5 ? "5, urgent" : String(n),
        })),
      },
    ],
    submit: "Order it",
    event: "job:create",
    payload: ({ from, to, battery_count, priority }) => ({
      from: endRef(from),
      to: endRef(to),
      battery_count: Number(battery_count),
      priority: Number(priority),
    }),
  };
}

/** @param {string} chosen */
function endRef(chosen) {
  const [kind, ...id] = chosen.split(" ");
  return { kind, id: id.join(" ") };
}

/** @param {Job} job @returns {Question} */
export function cancelJob(job) {
  const aboard = job.state === "in_transit";
  return {
    title: `Cancel the job from ${job.from.name} to ${job.to.name}?`,
    text: aboard
      ? "Its packs are on the road: somebody will have to look where they are, and the transporter is not paid."
      : "Its packs are free again where they are.",
    values: { reason: "" },
    fields: () => [
      { name: "reason", label: "Reason", kind: "text", max: REASON_MOST, hint: "May be left out" },
    ],
    submit: "Cancel the job",
    danger: true,
    event: "job:cancel",
    payload: ({ reason }) => ({ job_id: job.job_id, ...(reason.trim() ? { reason: reason.trim() } : {}) }),
  };
}

/**
 * @param {Store} store
 * @param {{from?: string, staff?: string}} [chosen]
 * @returns {Question}
 */
export function divert(store, { from = "", staff } = {}) {
  const name = (/** @type {string} */ id) => store.stations.get(id)?.name ?? id;
  const people = (/** @type {string[]} */ ids) => ids.map((id) => store.names.get(id) ?? id).join(" and ");
  return {
    title: "Send staff to another station",
    text: "They are asked, and go by their own yes; who does not answer in time stays.",
    values: { from, to: "", staff: staff ? [staff] : [], reason: "" },
    fields: ({ from: here }) => [
      {
        name: "from",
        label: "From",
        kind: "select",
        options: withNone(stationOptions(store)),
        required: true,
      },
      {
        name: "staff",
        label: "Who",
        kind: "checks",
        options: askable(store, here),
        hint: here ? "Nobody here can be asked now." : "Choose a station first.",
      },
      {
        name: "to",
        label: "To",
        kind: "select",
        options: withNone(stationOptions(store).filter(({ value }) => value !== here)),
        required: true,
      },
      {
        name: "reason",
        label: "Reason",
        kind: "text",
        max: REASON_MOST,
        required: true,
        hint: "They read it",
      },
    ],
    refuse: (values) => (chosenOf(store, values).length ? null : "Choose at least one person."),
    review: (values) =>
      `Ask ${people(chosenOf(store, values))} to go from ${name(values.from)} to ${name(values.to)}?`,
    submit: "Ask them",
    event: "staff:divert",
    payload: (values) => ({
      from_station_id: values.from,
      to_station_id: values.to,
      staff_ids: chosenOf(store, values),
      reason: values.reason.trim(),
    }),
  };
}

/** Those on duty there whom nobody asks already. @param {Store} store @param {string} stationId @returns {Option[]} */
function askable(store, stationId) {
  const asked = new Set(
    [...store.work.diversions.values()].map(({ staff_id, state }) => state !== "arrived" && staff_id),
  );
  return (store.work.crews.get(stationId) ?? [])
    .filter(({ staff_id, expected_at }) => !expected_at && !asked.has(staff_id))
    .map(({ staff_id, name }) => ({ value: staff_id, label: name }));
}

/** Who is chosen and can still be asked. @param {Store} store @param {Values} values @returns {string[]} */
function chosenOf(store, { from, staff }) {
  const there = new Set(askable(store, from).map(({ value }) => value));
  return staff.filter((/** @type {string} */ id) => there.has(id));
}

/** @param {Ticket} ticket */
function titleOf(ticket, /** @type {Store} */ store) {
  return `${capital(spaced(ticket.kind))} at ${store.stations.get(ticket.station_id)?.name ?? ticket.station_id}`;
}

/** @param {Store} store @param {Ticket} ticket @returns {Question} */
export function assignTicket(store, ticket) {
  const crew = (store.work.crews.get(ticket.station_id) ?? []).map(({ staff_id, name }) => ({
    value: staff_id,
    label: name,
  }));
  const now = ticket.assignee;
  if (now && !crew.some(({ value }) => value === now))
    crew.unshift({ value: now, label: `${store.names.get(now) ?? now} (not on duty)` });
  return {
    title: titleOf(ticket, store),
    text: "Who works on it? Those on duty at the station.",
    values: { assignee: now ?? "" },
    fields: () => [
      { name: "assignee", label: "Assigned to", kind: "select", options: withNone(crew, "Nobody") },
    ],
    submit: "Assign",
    event: "ticket:update",
    payload: ({ assignee }) => ({ ticket_id: ticket.ticket_id, assignee: assignee || null }),
  };
}

/** @param {Store} store @param {Ticket} ticket @returns {Question} */
export function resolveTicket(store, ticket) {
  return {
    title: titleOf(ticket, store),
    text: "The repair clock stops, and the incident ends with it.",
    values: { note: "" },
    fields: () => [
      { name: "note", label: "What was done", kind: "text", max: NOTE_MOST, hint: "May be left out" },
    ],
    submit: "Resolve",
    event: "ticket:update",
    payload: ({ note }) => ({
      ticket_id: ticket.ticket_id,
      status: "resolved",
      ...(note.trim() ? { note: note.trim() } : {}),
    }),
  };
}
