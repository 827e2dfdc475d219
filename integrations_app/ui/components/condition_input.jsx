// A condition as rows of value, operator and value, or as the expression that they say.
// Rows that are not finished yet stay in the browser; finished ones reach the server when a field of theirs is left.
import { useEffect, useRef, useState } from "react";
import { MappingInput } from "$/public/external/integrations_app/ui/components/mapping_input/mapping_input.jsx";

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
const BLANK = { left: "", operator: "==", right: "", join: "and" };

const isBlank = (row) => row.left.trim() === "" && row.right.trim() === "";
const isWhole = (row) => row.left.trim() !== "" && (ALONE.has(row.operator) || row.right.trim() !== "");

function Row({ row, number, identifier, variables, disabled, onChange, onRemove }) {
  const field = { picker: false, required: true, disabled, variables };
  return (
    <div role="group" aria-label={`Condition ${number}`} className="condition-row">
      {number > 1 ? (
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
      ) : null}
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
  const add = () => setDrawn([...drawn, { ...BLANK, id: next.current++ }]);
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
          {drawn.map((row, index) => (
            <Row
              key={row.id}
              row={row}
              number={index + 1}
              identifier={identifier}
              variables={variables}
              disabled={disabled}
              onChange={(made) => change(drawn.map((one) => (one.id === row.id ? { ...made, id: row.id } : one)))}
              onRemove={() => change(drawn.filter((one) => one.id !== row.id))}
            />
          ))}
          {disabled ? null : (
            <button type="button" className="quiet-button" aria-label={`Add condition to ${label}`} onClick={add}>
              Add condition
            </button>
          )}
          {value ? <div role="note" aria-label="Expression" className="condition-said">{value}</div> : null}
          {error || (!value && help) ? <div className={error ? "field-note wrong" : "field-note"}>{error || help}</div> : null}
        </>
      )}
    </div>
  );
}
