// The canvas: the workflow as the server laid it out. A drag is the browser's own until the step is dropped.
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Background, Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore } from "@xyflow/react";
import {
  END,
  TRIGGER,
  driftedViewport,
  firstViewport,
  insideOf,
  isSamePlace,
  leastZoom,
  mapSize,
  nearestPlace,
  placeNames,
  viewportShowing,
  wordsOf,
} from "./canvas_place.js";
import { Acts, Ground, KINDS, Places } from "./canvas_parts.jsx";
import "@xyflow/react/dist/base.css";
import "./workflow_canvas.css";

const MAP_FROM = 15;
const NO_EDGES = [];
const NOTHING = new Set();
const LABELS = {
  "controls.zoomIn.ariaLabel": "Zoom in",
  "controls.zoomOut.ariaLabel": "Zoom out",
  "controls.fitView.ariaLabel": "Show the whole workflow",
  "minimap.ariaLabel": "Map of the workflow",
};
const FIT = { padding: 0.08, maxZoom: 1, duration: 200 };
const classOf = (node) => node.className;
const SILENT = { "aria-roledescription": undefined };
const isCalm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
// Where a mouse or a finger is; of a finger that was lifted, where it was.
const spotOf = (event) => {
  const { clientX: x, clientY: y } = event.touches?.[0] ?? event.changedTouches?.[0] ?? event;
  return { x, y };
};
const hasFinePointer = () => window.matchMedia("(pointer: fine)").matches;

// The newest functions behind an object that stays the same, so that no card is drawn again for them.
function useActs(given) {
  const latest = useRef(given);
  latest.current = given;
  return useMemo(
    () => Object.fromEntries(Object.keys(given).map((name) => [name, (...args) => latest.current[name]?.(...args)])),
    [],
  );
}

function useNodes({ drawing, words, marks, selected, enabled, byMouse, inside }) {
  return useMemo(
    () =>
      drawing.boxes
        .filter((box) => box.key === END || words.steps.has(box.key))
        .map((box) => ({
          id: box.key,
          type: box.key === END ? "end" : "step",
          position: { x: box.x, y: box.y },
          width: box.width,
          height: box.height,
          measured: { width: box.width, height: box.height },
          handles: [],
          draggable: enabled && byMouse && box.key !== END && box.key !== TRIGGER,
          className: box.key === selected ? "selected" : "",
          domAttributes: SILENT,
          data: {
            line: words.steps.get(box.key),
            mark: marks[box.key],
            current: box.key === selected,
            inside: inside.has(box.key),
            enabled,
            byMouse,
          },
        })),
    [drawing, words, marks, selected, enabled, byMouse, inside],
  );
}

// Dragging: where the step is meanwhile, which places it may go to, and over which it is.
function useDrag({ drawing, lines, busy, onPlace }) {
  const { screenToFlowPosition, getViewport, setViewport } = useReactFlow();
  const [drag, setDrag] = useState(null);
  const [position, setPosition] = useState(null);
  const live = useRef(null);
  const grip = useRef(null); // how far from the finger the step is that it holds
  const end = useCallback(() => {
    live.current = null;
    grip.current = null;
    setDrag(null);
    setPosition(null);
  }, []);
  // What was dropped lies where it was dropped until the server has answered; a new drawing ends any drag.
  useEffect(end, [drawing, end]);
  useEffect(() => {
    if (!busy && !live.current) end();
  }, [busy, end]);
  useEffect(() => {
    if (!drag) return undefined;
    const cancel = (event) => event.key === "Escape" && end();
    document.addEventListener("keydown", cancel);
    return () => document.removeEventListener("keydown", cancel);
  }, [drag, end]);
  // Under the mouse, or under the middle of the step that a finger holds at its edge.
  const over = (spot) => {
    const { x, y } = screenToFlowPosition(spot);
    const { middleX = 0, middleY = 0 } = grip.current ?? {};
    return nearestPlace(drawing.links, live.current.inside, { x: x + middleX, y: y + middleY });
  };
  const start = (key) => {
    live.current = { key, inside: insideOf(lines, key), over: -1 };
    setDrag(live.current);
  };
  const move = (spot) => {
    if (!live.current) return;
    const now = over(spot);
    if (now !== live.current.over) setDrag((live.current = { ...live.current, over: now }));
  };
  const carry = (spot) => {
    const { x, y } = screenToFlowPosition(spot);
    setPosition({ key: live.current.key, x: x + grip.current.x, y: y + grip.current.y });
    move(spot);
  };
  // A finger that waits near the edge of the canvas moves it along, as a mouse does.
  const drift = () => {
    const { held, canvas } = grip.current ?? {};
    if (!live.current || !held) return;
    const there = driftedViewport(held, canvas.getBoundingClientRect(), window.innerHeight, getViewport(), drawing);
    if (there) {
      setViewport(there);
      carry(held);
    }
    requestAnimationFrame(drift);
  };
  return {
    drag,
    position,
    end,
    start: (event, node) => start(node.id),
    move: (event) => move(spotOf(event)),
    grab: (event, key) => {
      const box = drawing.boxes.find((one) => one.key === key);
      if (!box || live.current) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const spot = screenToFlowPosition(spotOf(event));
      const [x, y] = [box.x - spot.x, box.y - spot.y];
      const canvas = event.currentTarget.closest(".react-flow");
      grip.current = { pointer: event.pointerId, canvas, x, y, middleX: x + box.width / 2, middleY: y + box.height / 2 };
      start(key);
    },
    pull: (event) => {
      if (!live.current || grip.current?.pointer !== event.pointerId) return;
      const waited = grip.current.held;
      grip.current.held = spotOf(event);
      carry(grip.current.held);
      if (!waited) requestAnimationFrame(drift);
    },
    change: (changes) => {
      for (const change of changes) {
        if (change.type === "position" && change.position && live.current?.key === change.id) {
          setPosition({ key: change.id, ...change.position });
        }
      }
    },
    stop: (event) => {
      const dropped = live.current;
      if (!dropped) return;
      const link = drawing.links[over(spotOf(event))];
      const box = drawing.boxes.find((one) => one.key === dropped.key);
      live.current = null;
      grip.current = null;
      setDrag(null);
      if (link && !isSamePlace(box, link)) onPlace?.(dropped.key, link.parent, link.branch, link.index);
      else setPosition(null);
    },
  };
}

// Begin at the beginning, until somebody looks elsewhere; afterwards bring into sight what is selected.
function useSight(drawing, selected) {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const begun = useRef(selected);
  const roam = useCallback((event) => {
    if (event) begun.current = null;
  }, []);
  const show = useCallback(
    (key) => {
      const box = drawing.boxes.find((one) => one.key === key);
      const moved = box && width && viewportShowing(box, flow.getViewport(), width, height);
      if (moved) flow.setViewport(moved, { duration: isCalm() ? 0 : 200 });
    },
    [drawing, flow, width, height],
  );
  useEffect(() => {
    if (!width || !drawing.width) return;
    if (begun.current !== selected) begun.current = null;
    if (begun.current === null) show(selected);
    else flow.setViewport(firstViewport(drawing, width));
  }, [drawing, selected, width, height]);
  return { show, roam };
}

function Canvas({ drawing, lines, marks, selected, enabled, busy, scheme, onSelect, onInsert, onPlace, onCopy, onRemove }) {
  const words = useMemo(() => wordsOf(lines), [lines]);
  const names = useMemo(() => placeNames(drawing, words), [drawing, words]);
  const { show, roam } = useSight(drawing, selected);
  const dragging = useDrag({ drawing, lines, busy, onPlace });
  const acts = useActs({
    select: onSelect,
    copy: onCopy,
    remove: onRemove,
    show,
    grab: dragging.grab,
    pull: dragging.pull,
    drop: dragging.stop,
    letGo: dragging.end,
    insert: ({ parent, branch, index }) => onInsert?.(parent, branch, index),
  });
  const inside = dragging.drag?.inside ?? NOTHING;
  const still = useNodes({ drawing, words, marks, selected, enabled, byMouse: hasFinePointer(), inside });
  const held = dragging.position;
  const carried = dragging.drag?.key;
  const nodes = useMemo(() => {
    if (!held) return still;
    const lifted = (node) => ({
      ...node,
      position: { x: held.x, y: held.y },
      zIndex: 1000,
      className: carried === held.key ? `${node.className} dragging` : node.className,
    });
    return still.map((node) => (node.id === held.key ? lifted(node) : node));
  }, [still, held, carried]);
  return (
    <Acts.Provider value={acts}>
      <ReactFlow
        nodes={nodes}
        edges={NO_EDGES}
        nodeTypes={KINDS}
        colorMode={scheme}
        ariaLabelConfig={LABELS}
        onNodesChange={dragging.change}
        onNodeDragStart={dragging.start}
        onNodeDrag={dragging.move}
        onNodeDragStop={dragging.stop}
        onMoveStart={roam}
        nodeDragThreshold={4}
        nodesConnectable={false}
        nodesFocusable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        panActivationKeyCode={null}
        panOnScroll
        zoomOnDoubleClick={false}
        minZoom={leastZoom(drawing)}
        maxZoom={1.5}
        className={dragging.drag ? "canvas dragging" : "canvas"}
      >
        <Background gap={24} size={1.5} />
        <Ground drawing={drawing} />
        <Places drawing={drawing} words={words} names={names} enabled={enabled} drag={dragging.drag} />
        <Controls orientation="horizontal" showInteractive={false} fitViewOptions={isCalm() ? { ...FIT, duration: 0 } : FIT} />
        {drawing.boxes.length - 2 >= MAP_FROM ? <MiniMap pannable zoomable nodeBorderRadius={12} nodeClassName={classOf} style={mapSize(drawing)} /> : null}
      </ReactFlow>
    </Acts.Provider>
  );
}

export function WorkflowCanvas(props) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}
