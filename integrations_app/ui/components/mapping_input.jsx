// One parameter of a step: free text with variables, and a live picker where the vendor can be asked.
// Typing stays in the browser; what is typed reaches the server once, when the field is left or a choice is made.
import { useEffect, useId, useRef, useState } from "react";

const SEARCH_PAUSE = 250;
const RENDER_PAUSE = 600;
const BRACES = /\{\{([^{}]*)\}\}/g;
const MOST_CHIPS = 12;

function useOutside(ref, close) {
  useEffect(() => {
    const listen = (event) => ref.current && !ref.current.contains(event.target) && close();
    document.addEventListener("pointerdown", listen);
    return () => document.removeEventListener("pointerdown", listen);
  }, [ref, close]);
}

function Choices({ id, options, loading, active, error, onPick }) {
  return (
    <ul id={id} role="listbox" className="choice-list" aria-label="Choices">
      {options.map((option, index) => (
        <li
          key={option.value}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={index === active ? "choice active" : "choice"}
          onPointerDown={(event) => {
            event.preventDefault();
            onPick(option);
          }}
        >
          <span>{option.label}</span>
          {option.hint ? <small>{option.hint}</small> : null}
        </li>
      ))}
      {loading ? <li className="choice-note">Loading…</li> : null}
      {!loading && options.length === 0 ? <li className="choice-note">{error || "Nothing found. Any text or variable may stand here."}</li> : null}
    </ul>
  );
}

function Variables({ label, variables, onPick, onClose }) {
  const [search, setSearch] = useState("");
  const box = useRef(null);
  const found = variables.filter((one) => `${one.path} ${one.label}`.toLowerCase().includes(search.toLowerCase()));
  const keys = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose();
    } else if (event.key === "Enter" && event.target.type === "search" && found.length > 0) {
      event.preventDefault();
      onPick(found[0]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const stops = [...box.current.querySelectorAll("input, li > button")];
      const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
      stops[Math.max(0, Math.min(at, stops.length - 1))].focus();
    }
  };
  return (
    <div ref={box} role="dialog" aria-label={`Variables for ${label}`} className="variable-panel" onKeyDown={keys}>
      <input
        autoFocus
        type="search"
        aria-label="Search variables"
        placeholder="Search variables"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <ul>
        {found.map((one) => (
          <li key={one.path}>
            <button type="button" onClick={() => onPick(one)} style={{ paddingInlineStart: `${8 + one.depth * 14}px` }}>
              <span>{one.path}</span>
              <small>
                {one.sample}{" "}
                {one.kind ? <em>{one.kind}</em> : null}
              </small>
            </button>
          </li>
        ))}
        {found.length === 0 ? <li className="choice-note">No variable has this name.</li> : null}
      </ul>
    </div>
  );
}

function Chooser({ label, lines, options, loading, error, onSearch, onToggle, onClose }) {
  const pause = useRef(null);
  useEffect(() => {
    onSearch("");
    return () => clearTimeout(pause.current);
  }, []);
  const search = (event) => {
    const words = event.target.value;
    clearTimeout(pause.current);
    pause.current = setTimeout(() => onSearch(words), SEARCH_PAUSE);
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    onClose();
  };
  return (
    <div role="dialog" aria-label={`Choices for ${label}`} className="variable-panel" onKeyDown={keys}>
      <input autoFocus type="search" aria-label="Search choices" placeholder="Search" onChange={search} />
      <ul>
        {options.map((option) => (
          <li key={option.value}>
            <button type="button" aria-pressed={lines.has(option.value)} onClick={() => onToggle(option)}>
              <span>
                <span aria-hidden="true">{lines.has(option.value) ? "✓ " : ""}</span>
                {option.label}
              </span>
              {option.hint ? <small>{option.hint}</small> : null}
            </button>
          </li>
        ))}
        {loading ? <li className="choice-note">Loading…</li> : null}
        {!loading && options.length === 0 ? <li className="choice-note">{error || "Nothing found."}</li> : null}
      </ul>
    </div>
  );
}

function Chips({ label, text, filters, disabled, onChange }) {
  const [chosen, setChosen] = useState(-1);
  const parts = [...text.matchAll(BRACES)];
  if (parts.length === 0 || filters.length === 0) return null;
  const add = (filter) => {
    const part = parts[chosen];
    const made = `{{ ${part[1].trim()} | ${filter.text} }}`;
    setChosen(-1);
    onChange(text.slice(0, part.index) + made + text.slice(part.index + part[0].length));
  };
  return (
    <div role="group" aria-label={`Variables in ${label}`} className="variable-chips">
      {parts.slice(0, MOST_CHIPS).map((part, index) => (
        <button
          key={index}
          type="button"
          className="variable-chip"
          title="Add a filter"
          aria-label={`Filter ${part[1].trim()}`}
          aria-expanded={chosen === index}
          disabled={disabled}
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => setChosen(chosen === index ? -1 : index)}
        >
          {part[1].trim()} <span aria-hidden="true">| +</span>
        </button>
      ))}
      {chosen >= 0 && chosen < parts.length ? (
        <ul
          aria-label={`Filters for ${parts[chosen][1].trim()}`}
          className="filter-list"
          onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), setChosen(-1))}
        >
          {filters.map((filter) => (
            <li key={filter.name}>
              <button type="button" onMouseDown={(event) => event.preventDefault()} onClick={() => add(filter)}>
                <span>{filter.name}</span>
                <small>{filter.words}</small>
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

export function MappingInput({
  identifier, label, help = "", error = "", required = false, value = "", multiline = false, rows = 1, placeholder = "",
  picker = false, chooser = false, suffix = "", options = [], loading = false, variables = [], filters = [],
  rendered = "", disabled = false, onCommit, onSearch, onPause,
}) {
  const list = useId();
  const root = useRef(null);
  const control = useRef(null);
  const pause = useRef(null);
  const thinking = useRef(null);
  const caret = useRef(null);
  const quiet = useRef(false); // focus that we moved ourselves opens no list
  const [text, setText] = useState(value);
  const [open, setOpen] = useState("");
  const [active, setActive] = useState(-1);
  const committed = useRef(value);
  const written = useRef(value);
  written.current = text;
  useOutside(root, () => setOpen(""));
  useEffect(() => {
    if (value === committed.current) return;
    // What somebody else stored meanwhile does not take away what is being written here; who wins is asked on leaving.
    if (written.current !== committed.current && document.activeElement === control.current) return;
    committed.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => (clearTimeout(pause.current), clearTimeout(thinking.current)), []);

  const commit = (next) => {
    if (next === committed.current) return;
    const seen = committed.current;
    clearTimeout(thinking.current); // the answer to the commit brings the result too
    committed.current = next;
    onCommit?.(next, seen);
  };
  const search = (words) => {
    clearTimeout(pause.current);
    pause.current = setTimeout(() => onSearch?.(words), SEARCH_PAUSE);
  };
  const pick = (option) => {
    setText(option.value);
    setOpen("");
    setActive(-1);
    commit(option.value);
  };
  const insert = (variable) => {
    const at = caret.current ?? text.length;
    const next = `${text.slice(0, at)}{{ ${variable.path} }}${text.slice(at)}`;
    setText(next);
    setOpen("");
    commit(next);
    quiet.current = true;
    control.current?.focus();
  };
  const lineOf = (line) => (suffix ? line.split(suffix.trim())[0] : line).trim();
  const toggle = (option) => {
    const kept = text.split("\n").filter((line) => line.trim() !== "");
    const there = kept.some((line) => lineOf(line) === option.value);
    rewrite((there ? kept.filter((line) => lineOf(line) !== option.value) : [...kept, option.value + suffix]).join("\n"));
  };
  const rewrite = (next) => {
    setText(next);
    commit(next);
  };
  const typed = (event) => {
    const next = event.target.value;
    setText(next);
    caret.current = event.target.selectionStart;
    clearTimeout(thinking.current);
    if (onPause && next.includes("{{")) thinking.current = setTimeout(() => onPause(next), RENDER_PAUSE);
    if (!picker) return;
    setOpen("choices");
    setActive(-1);
    search(event.target.value);
  };
  const keys = (event) => {
    if (open !== "choices") {
      if (picker && event.key === "ArrowDown") {
        setOpen("choices");
        onSearch?.("");
      }
      return;
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((active + step + options.length) % Math.max(options.length, 1));
    } else if (event.key === "Enter" && options[active]) {
      event.preventDefault();
      pick(options[active]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      setOpen("");
    }
  };
  const known = options.find((option) => option.value === text);
  const shared = {
    ref: control,
    id: identifier,
    value: text,
    placeholder,
    disabled,
    "aria-required": required,
    "aria-invalid": error !== "",
    "aria-describedby": `${identifier}-note`,
    onChange: typed,
    onKeyDown: keys,
    onSelect: (event) => (caret.current = event.target.selectionStart),
    onBlur: () => {
      if (open === "choices") setOpen("");
      commit(text);
    },
    spellCheck: multiline,
    autoComplete: "off",
  };
  const combobox = picker
    ? {
        role: "combobox",
        "aria-expanded": open === "choices",
        "aria-controls": list,
        "aria-autocomplete": "list",
        "aria-activedescendant": active >= 0 ? `${list}-${active}` : undefined,
        onFocus: () => {
          if (quiet.current) {
            quiet.current = false;
            return;
          }
          setOpen("choices");
          onSearch?.("");
        },
      }
    : {};
  return (
    <div className="mapping-field" ref={root}>
      <div className="mapping-head">
        <label htmlFor={identifier}>
          {label}
          {required ? null : <span className="muted"> (optional)</span>}
        </label>
        {chooser ? (
          <button
            type="button"
            className="insert-variable"
            aria-label={`Choose for ${label}`}
            aria-expanded={open === "chooser"}
            disabled={disabled}
            onClick={() => setOpen(open === "chooser" ? "" : "chooser")}
          >
            Choose
          </button>
        ) : null}
        {variables.length ? (
          <button
            type="button"
            className="insert-variable"
            aria-label={`Insert variable into ${label}`}
            aria-expanded={open === "variables"}
            disabled={disabled}
            onClick={() => setOpen(open === "variables" ? "" : "variables")}
          >
            Insert variable
          </button>
        ) : null}
      </div>
      {multiline ? <textarea {...shared} rows={rows} /> : <input type="text" {...shared} {...combobox} />}
      {open === "choices" ? <Choices id={list} options={options} loading={loading} active={active} error={error} onPick={pick} /> : null}
      {open === "chooser" ? (
        <Chooser
          label={label}
          lines={new Set(text.split("\n").map(lineOf))}
          options={options}
          loading={loading}
          error={error}
          onSearch={(words) => onSearch?.(words)}
          onToggle={toggle}
          onClose={() => setOpen("")}
        />
      ) : null}
      {open === "variables" ? (
        <Variables label={label} variables={variables} onPick={insert} onClose={() => setOpen("")} />
      ) : null}
      <Chips label={label} text={text} filters={variables.length ? filters : []} disabled={disabled} onChange={rewrite} />
      {rendered && text.includes("{{") ? (
        <div role="note" aria-label={`Result of ${label}`} className="rendered">
          {rendered}
        </div>
      ) : null}
      <div id={`${identifier}-note`} className={error ? "field-note wrong" : "field-note"}>
        {error || (known && known.label !== text ? known.label : help)}
      </div>
    </div>
  );
}
