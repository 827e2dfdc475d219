// What stands on the canvas: cards of steps, the end, lines with their titles and `+`, frames of loops.
import { createContext, memo, useContext } from "react";
import { ViewportPortal } from "@xyflow/react";
import {
  CalendarClock,
  CircleQuestionMark,
  CircleStop,
  Copy,
  Flag,
  GripVertical,
  Hand,
  Hourglass,
  Plus,
  Repeat,
  Reply,
  Split,
  Trash2,
  Webhook,
} from "lucide-react";
import { TRIGGER } from "./canvas_place.js";

const ICONS = {
  manual: Hand,
  webhook: Webhook,
  schedule: CalendarClock,
  condition: Split,
  for_each: Repeat,
  delay: Hourglass,
  respond_to_webhook: Reply,
  stop: CircleStop,
};
const at = (x, y) => ({ transform: `translate(${x}px, ${y}px)` });

export const Acts = createContext(null);

function Kind({ line }) {
  const Icon = ICONS[line.kind] ?? CircleQuestionMark;
  return (
    <span className="kind-mark">
      {line.logo ? <img src={line.logo} alt="" width="20" height="20" draggable="false" /> : <Icon size={20} aria-hidden="true" />}
    </span>
  );
}

function Problems({ count }) {
  if (!count) return null;
  return (
    <span className="canvas-problems">
      {count}
      <span className="canvas-unseen">{count === 1 ? " problem" : " problems"}</span>
    </span>
  );
}

function Tools({ line }) {
  const acts = useContext(Acts);
  const tool = (name, Icon, act) => (
    <button type="button" aria-label={`${name} ${line.title}`} title={name} onClick={() => act(line.key)}>
      <Icon size={14} aria-hidden="true" />
    </button>
  );
  return (
    <span className="canvas-tools nodrag nopan">
      {tool("Duplicate", Copy, acts.copy)}
      {tool("Delete", Trash2, acts.remove)}
    </span>
  );
}

// What a finger takes a step by: elsewhere it moves the canvas. The outline moves steps without dragging.
function Grip({ line }) {
  const acts = useContext(Acts);
  return (
    <span
      className="canvas-grip nodrag nopan"
      data-grip={line.key}
      aria-hidden="true"
      onPointerDown={(event) => acts.grab(event, line.key)}
      onPointerMove={acts.pull}
      onPointerUp={acts.drop}
      onPointerCancel={acts.letGo}
    >
      <GripVertical size={18} />
    </span>
  );
}

const Step = memo(function Step({ data }) {
  const acts = useContext(Acts);
  const { line, mark, current, inside, enabled, byMouse } = data;
  const gripped = enabled && !byMouse && line.key !== TRIGGER;
  const classes = ["canvas-step", current && "current", inside && "inside", gripped && "gripped", mark && `is-${mark.status}`];
  return (
    <div className={classes.filter(Boolean).join(" ")}>
      <button
        type="button"
        className="canvas-card"
        aria-current={current ? "step" : "false"}
        title={line.title}
        data-step={line.key}
        onClick={() => acts.select(line.key)}
        onFocus={(event) => event.target.matches(":focus-visible") && acts.show(line.key)}
      >
        <Kind line={line} />
        <span className="step-words">
          <span className="step-title">{line.title}</span>
          {mark ? (
            <span className="step-detail canvas-mark">{mark.words}</span>
          ) : (
            <span className="step-detail">{line.detail}</span>
          )}
        </span>
        <Problems count={line.problems} />
      </button>
      {gripped ? <Grip line={line} /> : null}
      {current && enabled && line.key !== TRIGGER ? <Tools line={line} /> : null}
    </div>
  );
});

const End = memo(function End() {
  return (
    <span className="canvas-end" title="End">
      <Flag size={13} aria-hidden="true" />
      <span className="canvas-unseen">End</span>
    </span>
  );
});

export const KINDS = { step: Step, end: End };

// Below the steps: frames, then lines.
export const Ground = memo(function Ground({ drawing }) {
  return (
    <ViewportPortal>
      <div className="canvas-ground" aria-hidden="true">
        {drawing.frames.map((frame) => (
          <div key={frame.key} className="canvas-frame" style={{ ...at(frame.x, frame.y), width: frame.width, height: frame.height }}>
            <span className="canvas-return">
              <Repeat size={12} /> next item
            </span>
          </div>
        ))}
        <svg width={drawing.width} height={drawing.height}>
          {drawing.links.map((link) => (
            <path key={`${link.parent}/${link.branch}/${link.index}`} d={link.path} />
          ))}
        </svg>
      </div>
    </ViewportPortal>
  );
});

// On the lines: titles of branches, and a `+` for every place.
export const Places = memo(function Places({ drawing, words, names, enabled, drag }) {
  const acts = useContext(Acts);
  return (
    <ViewportPortal>
      {drawing.titles.map((title) => {
        const text = words.titles.get(`${title.key}/${title.branch}`) ?? "";
        return (
          <span key={`${title.key}/${title.branch}`} className="canvas-title" style={at(title.x, title.y)} title={text}>
            <span>{text}</span>
          </span>
        );
      })}
      {enabled
        ? drawing.links.map((link, number) => (
            <button
              key={`${link.parent}/${link.branch}/${link.index}`}
              type="button"
              className={`canvas-plus nopan nodrag ${placeState(drag, link, number)}`}
              style={at(link.x, link.y)}
              aria-label={names[number]}
              title={names[number]}
              onClick={() => acts.insert(link)}
            >
              <Plus size={14} aria-hidden="true" />
            </button>
          ))
        : null}
    </ViewportPortal>
  );
});

function placeState(drag, link, number) {
  if (!drag) return "";
  if (drag.inside.has(link.parent)) return "closed";
  return drag.over === number ? "open over" : "open";
}
