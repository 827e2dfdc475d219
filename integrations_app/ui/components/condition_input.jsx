// A condition as rows of value, operator and value, some of them in groups, or as the expression that they say.
// Rows that are not finished yet stay in the browser; finished ones reach the server when a field of theirs is left.
import { Fragment, useEffect, useRef, useState } from "react";
import { MappingInput } from "$/public/external/integrations_app/ui/components/component_script/mapping_input.jsx";

const OPERATORS = [
  ["==", "is"],
  ["!=", "is not"],
  [">", "is greater than"],
  ["<", "is less than"],
  ["contains", "contains"],
  ["is_empty", "is empty"],
  ["is_not_empty", "is not empty"],
  ["holds", "is true"],
];
const ALONE = new Set(["is_empty", "is_not_empty", "holds"]);
const BLANK = { left: "", operator: "==", right: "", join: "and", group: 0 };

const isBlank = (row) => row.left.trim() === "" && row.right.trim() === "";
const isWhole = (row) => row.left.trim() !== "" && (ALONE.has(row.operator) || row.right.trim() !== "");

const other = (join) => (join === "or" ? "and" : "or");

// Rows with their numbers, those of one group together.
function chunksOf(drawn) {
  const chunks = [];
  drawn.forEach((row, index) => {
    const last = chunks.at(-1);
    if (row.group && last?.group === row.group) last.rows.push({ row, number: index + 1 });
    else chunks.push({ group: row.group, rows: [{ row, number: index + 1 }] });
  });
  return chunks;
}

// The rows with one more group of two behind them. Rows that have none yet become a group of their own: what is added
// would bind tighter than some of them, and what joins inside it is what does not join the groups.
function withGroup(drawn, nextId) {
  const kept = drawn.every(isBlank) ? [] : drawn;
  const chunks = chunksOf(kept);
  const grouped = chunks.some((chunk) => chunk.group);
  const rows = !grouped && kept.length > 1 ? kept.map((row) => ({ ...row, group: 1 })) : kept;
  const inside = (list) => (list.slice(1).every((one) => one.join === "or") ? "or" : "and");
  let join = "and";
  if (grouped && chunks.length > 1) join = chunks.at(-1).rows[0].row.join;
  else if (rows.length > 1) join = other(inside(rows));
  const group = Math.max(0, ...rows.map((row) => row.group)) + 1;
  return [...rows, { ...BLANK, join, group, id: nextId() }, { ...BLANK, join: other(join), group, id: nextId() }];
}

function Join({ row, number, disabled, onChange }) {
  return (
    <select
      aria-label={`Join ${number}`}
      className="native-select condition-join"
      value={row.join}
      disabled={disabled}
      onChange={(event) => onChange({ ...row, join: event.target.value })}
    >
      <option value="and">and</option>
      <option value="or">or</option>
    </select>
  );
}

function Group({ name, disabled, onAdd, onDissolve, onRemove, children }) {
  return (
    <div role="group" aria-label={`Group ${name}`} className="condition-group">
      {children}
      {disabled ? null : (
        <div className="condition-acts">
          <button type="button" className="quiet-button" aria-label={`Add condition to group ${name}`} onClick={onAdd}>
            Add condition
          </button>
          <button type="button" className="quiet-button" aria-label={`Ungroup group ${name}`} onClick={onDissolve}>
            Ungroup
          </button>
          <button type="button" className="quiet-button" aria-label={`Remove group ${name}`} onClick={onRemove}>
            Remove group
          </button>
        </div>
      )}
    </div>
  );
}

function Row({ row, number, joined, identifier, variables, disabled, onChange, onRemove }) {
  const field = { picker: false, required: true, disabled, variables };
  return (
    <div role="group" aria-label={`Condition ${number}`} className="condition-row">
      {joined ? <Join row={row} number={number} disabled={disabled} onChange={onChange} /> : null}
      <MappingInput
        {...field}
        identifier={`${identifier}-left-${number}`}
        label={`Value ${number}`}
        value={row.left}
        onCommit={(left) => onChange({ ...row, left })}
      />
      <div className="condition-asked">
        <select
          aria-label={`Operator ${number}`}
          className="native-select"
          value={row.operator}
          disabled={disabled}
          onChange={(event) => onChange({ ...row, operator: event.target.value, right: ALONE.has(event.target.value) ? "" : row.right })}
        >
          {OPERATORS.map(([value, label]) => (
            <option key={value} value={value}>{label}</option>
          ))}
        </select>
        {disabled ? null : (
          <button type="button" className="quiet-button" aria-label={`Remove condition ${number}`} onClick={onRemove}>
            Remove
          </button>
        )}
      </div>
      {ALONE.has(row.operator) ? null : (
        <MappingInput
          {...field}
          identifier={`${identifier}-right-${number}`}
          label={`Compare to ${number}`}
          value={row.right}
          onCommit={(right) => onChange({ ...row, right })}
        />
      )}
    </div>
  );
}

export function ConditionInput({
  identifier, label, help = "", error = "", value = "", rows = [], sayable = true, required = false, placeholder = "",
  variables = [], disabled = false, onCommit, onRows,
}) {
  const counted = (list) => list.map((row, index) => ({ ...row, id: index }));
  const initial = () => counted(rows.length || !required ? rows : [BLANK]);
  const [drawn, setDrawn] = useState(initial);
  const [asText, setAsText] = useState(false);
  const seen = useRef(value);
  const sent = useRef(false); // the next value that comes is what these rows say
  const next = useRef(1000);
  useEffect(() => {
    if (!sayable) setAsText(true); // and it stays text until somebody asks for rows
  }, [sayable]);
  useEffect(() => {
    if (error) sent.current = false;
  }, [error]);
  useEffect(() => {
    if (value === seen.current) return;
    seen.current = value;
    if (sent.current) sent.current = false;
    else setDrawn(initial());
  }, [value]);

  const change = (list) => {
    setDrawn(list);
    if (!list.every((row) => isWhole(row) || isBlank(row))) return;
    const whole = list.filter(isWhole).map(({ id, ...row }) => row);
    sent.current = true;
    onRows?.(whole, seen.current);
  };
  const text = asText || !sayable;
  const nextId = () => next.current++;
  const put = (row, made) => change(drawn.map((one) => (one.id === row.id ? { ...made, id: row.id } : one)));
  const addInto = (group) => {
    const last = drawn.findLastIndex((one) => one.group === group);
    setDrawn([...drawn.slice(0, last + 1), { ...BLANK, join: drawn[last].join, group, id: nextId() }, ...drawn.slice(last + 1)]);
  };
  const drawRow = ({ row, number }, joined) => (
    <Row
      key={row.id}
      row={row}
      number={number}
      joined={joined}
      identifier={identifier}
      variables={variables}
      disabled={disabled}
      onChange={(made) => put(row, made)}
      onRemove={() => change(drawn.filter((one) => one.id !== row.id))}
    />
  );
  const drawGroup = ({ group, rows: members }, name, joined) => (
    <Fragment key={`group-${group}`}>
      {joined ? <Join {...members[0]} disabled={disabled} onChange={(made) => put(members[0].row, made)} /> : null}
      <Group
        name={name}
        disabled={disabled}
        onAdd={() => addInto(group)}
        onDissolve={() => change(drawn.map((one) => (one.group === group ? { ...one, group: 0 } : one)))}
        onRemove={() => change(drawn.filter((one) => one.group !== group))}
      >
        {members.map((member, index) => drawRow(member, index > 0))}
      </Group>
    </Fragment>
  );
  const chunks = chunksOf(drawn);
  const names = chunks.filter((chunk) => chunk.group).map((chunk) => chunk.group);
  return (
    <div role="group" aria-label={label} className="condition-input">
      <div className="mapping-head">
        {text ? <span /> : <span aria-hidden="true">{label}{required ? null : <span className="muted"> (optional)</span>}</span>}
        <button
          type="button"
          className="insert-variable"
          aria-label={`${text ? "As rows" : "As expression"}: ${label}`}
          title={sayable ? undefined : "Rows cannot say this expression."}
          disabled={!sayable}
          onClick={() => {
            if (text) setDrawn(initial());
            setAsText(!text);
          }}
        >
          {text ? "As rows" : "As expression"}
        </button>
      </div>
      {text ? (
        <MappingInput
          identifier={identifier}
          label={label}
          help={sayable ? help : "This expression is more than rows can say. Edit it here."}
          error={error}
          required={required}
          value={value}
          placeholder={placeholder}
          disabled={disabled}
          onCommit={onCommit}
        />
      ) : (
        <>
          {chunks.map((chunk, index) =>
            chunk.group ? drawGroup(chunk, names.indexOf(chunk.group) + 1, index > 0) : drawRow(chunk.rows[0], index > 0),
          )}
          {disabled ? null : (
            <div className="condition-acts">
              <button
                type="button"
                className="quiet-button"
                aria-label={`Add condition to ${label}`}
                onClick={() => setDrawn([...drawn, { ...BLANK, id: nextId() }])}
              >
                Add condition
              </button>
              <button
                type="button"
                className="quiet-button"
                aria-label={`Add group to ${label}`}
                onClick={() => setDrawn(withGroup(drawn, nextId))}
              >
                Add group
              </button>
            </div>
          )}
          {value ? <div role="note" aria-label="Expression" className="condition-said">{value}</div> : null}
          {error || (!value && help) ? <div className={error ? "field-note wrong" : "field-note"}>{error || help}</div> : null}
        </>
      )}
    </div>
  );
}
