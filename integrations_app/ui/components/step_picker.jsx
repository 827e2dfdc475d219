// Every kind of step that can be added: found by words and chosen by keyboard, all in the browser.
import { useId, useMemo, useRef, useState } from "react";

function matches(item, words) {
  const text = `${item.group} ${item.title} ${item.hint} ${item.value}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function grouped(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return [...groups];
}

function Choice({ item, onPick }) {
  return (
    <li>
      <button type="button" className="picker-option" onClick={() => onPick?.(item.value)}>
        {item.logo ? <img src={item.logo} alt="" width="20" height="20" /> : <span className="picker-dot" aria-hidden="true" />}
        <span className="picker-words">
          <span>{item.title}</span>
          {item.hint ? <small>{item.hint}</small> : null}
        </span>
      </button>
    </li>
  );
}

export function StepPicker({ items = [], onPick }) {
  const base = useId();
  const root = useRef(null);
  const [search, setSearch] = useState("");
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return items.filter((item) => matches(item, words));
  }, [items, search]);
  const keys = (event) => {
    if (event.key === "Enter" && event.target.tagName === "INPUT") {
      event.preventDefault();
      if (found.length) onPick?.(found[0].value);
      return;
    }
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const stops = [...root.current.querySelectorAll("input, button")];
    stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(document.activeElement) + by))].focus();
  };
  return (
    <div className="picker" ref={root} onKeyDown={keys}>
      <input
        autoFocus
        type="search"
        aria-label="Search steps"
        placeholder="Search actions and services"
        autoComplete="off"
        spellCheck={false}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <div className="picker-list">
        {grouped(found).map(([group, members], number) => (
          <section key={group} aria-labelledby={`${base}-${number}`}>
            <h2 id={`${base}-${number}`}>{group}</h2>
            <ul>
              {members.map((item) => (
                <Choice key={item.value} item={item} onPick={onPick} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      <p role="status" className="field-note">
        {found.length ? "" : "No step has these words. Try the name of a service, or what should happen."}
      </p>
    </div>
  );
}
