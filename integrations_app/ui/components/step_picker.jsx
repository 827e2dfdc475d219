// Every kind of step that can be added: found by words and chosen by keyboard, all in the browser.
import { useEffect, useId, useMemo, useRef, useState } from "react";

function matches(item, words) {
  const text = `${item.group} ${item.title} ${item.hint} ${item.value}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function grouped(items) {
  const groups = new Map();
  items.forEach((item, index) => {
    if (!groups.has(item.group)) groups.set(item.group, []);
    groups.get(item.group).push({ ...item, index });
  });
  return [...groups];
}

function Option({ id, item, active, onPick }) {
  const row = useRef(null);
  useEffect(() => {
    if (active) row.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <li
      ref={row}
      id={id}
      role="option"
      aria-selected={active}
      aria-label={`${item.group}: ${item.title}`}
      className={active ? "picker-option active" : "picker-option"}
      onClick={() => onPick(item.value)}
    >
      {item.logo ? <img src={item.logo} alt="" width="20" height="20" /> : <span className="picker-dot" aria-hidden="true" />}
      <span className="picker-words">
        <span>{item.title}</span>
        {item.hint ? <small>{item.hint}</small> : null}
      </span>
    </li>
  );
}

export function StepPicker({ items = [], onPick }) {
  const base = useId();
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const found = useMemo(() => {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    return items.filter((item) => matches(item, words));
  }, [items, search]);
  const keys = (event) => {
    const last = found.length - 1;
    const to = { ArrowDown: Math.min(active + 1, last), ArrowUp: Math.max(active - 1, 0), Home: 0, End: last }[event.key];
    if (event.key === "Enter" && found[active]) {
      event.preventDefault();
      onPick?.(found[active].value);
    } else if (to !== undefined && found.length && !(search && (event.key === "Home" || event.key === "End"))) {
      event.preventDefault();
      setActive(to);
    }
  };
  return (
    <div className="picker">
      <input
        autoFocus
        type="text"
        role="combobox"
        aria-label="Search steps"
        aria-expanded="true"
        aria-controls={`${base}-list`}
        aria-autocomplete="list"
        aria-activedescendant={found[active] ? `${base}-${active}` : undefined}
        placeholder="Search actions and services"
        autoComplete="off"
        spellCheck={false}
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setActive(0);
        }}
        onKeyDown={keys}
      />
      <div id={`${base}-list`} role="listbox" aria-label="Steps to add" className="picker-list" tabIndex={-1}>
        {grouped(found).map(([group, members], number) => (
          <ul key={group} role="group" aria-labelledby={`${base}-group-${number}`}>
            <li id={`${base}-group-${number}`} role="presentation" className="picker-group">
              {group}
            </li>
            {members.map((item) => (
              <Option key={item.value} id={`${base}-${item.index}`} item={item} active={item.index === active} onPick={onPick} />
            ))}
          </ul>
        ))}
      </div>
      <p role="status" className="field-note">
        {found.length ? "" : "No step has these words. Try the name of a service, or what should happen."}
      </p>
    </div>
  );
}
