// Keys of the outline and of the whole editor. Nothing is sent for a key that means nothing.
import { useEffect, useRef } from "react";

const writes = (target) => target.closest("input, textarea, select, [contenteditable=true]") !== null;

function useHistoryKeys(enabled, onUndo, onRedo) {
  useEffect(() => {
    if (!enabled) return undefined;
    const listen = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || writes(event.target)) return;
      const key = event.key.toLowerCase();
      if (key === "z" || key === "y") {
        event.preventDefault();
        (key === "y" || event.shiftKey ? onRedo : onUndo)?.();
      }
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [enabled, onUndo, onRedo]);
}

function useClipboard(copied, copies, onCopied) {
  const seen = useRef(copies);
  useEffect(() => {
    if (copies === seen.current) return;
    seen.current = copies;
    const write = async () => {
      if (!navigator.clipboard) throw new Error("a page that is not secure has no clipboard");
      await navigator.clipboard.writeText(copied);
    };
    write().then(
      () => onCopied?.(true),
      () => onCopied?.(false),
    );
  }, [copied, copies, onCopied]);
}

// A menu stands outside the outline, and what it asks for needs the clipboard: it sends the key of its step.
function usePasting(enabled, onPaste) {
  useEffect(() => {
    if (!enabled) return undefined;
    const listen = async (event) => {
      const text = await (navigator.clipboard?.readText() ?? Promise.resolve("")).catch(() => "");
      onPaste?.(event.detail, text);
    };
    document.addEventListener("paste-behind", listen);
    return () => document.removeEventListener("paste-behind", listen);
  }, [enabled, onPaste]);
}

export function StepKeys({
  enabled = false,
  copied = "",
  copies = 0,
  onMove,
  onCopy,
  onTake,
  onCopied,
  onPaste,
  onRemove,
  onUndo,
  onRedo,
  children,
}) {
  const root = useRef(null);
  useClipboard(copied, copies, onCopied);
  usePasting(enabled, onPaste);
  const refocus = useRef("");
  useHistoryKeys(enabled, onUndo, onRedo);
  useEffect(() => {
    // A step that was moved by key keeps the focus where it stands now.
    if (!refocus.current) return;
    const moved = root.current.querySelector(`[data-step="${CSS.escape(refocus.current)}"]`);
    if (moved && document.activeElement !== moved && !writes(document.activeElement)) moved.focus();
  });
  const keys = (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    const key = step.dataset.step;
    const act = (done) => {
      event.preventDefault();
      done();
    };
    const vertical = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    refocus.current = "";
    if (vertical && event.altKey) {
      if (enabled && key !== "trigger") act(() => ((refocus.current = key), onMove?.(key, vertical)));
    } else if (vertical) {
      const all = [...root.current.querySelectorAll("[data-step]")];
      act(() => all[all.indexOf(step) + vertical]?.focus());
    } else if (enabled && key !== "trigger" && (event.key === "Delete" || event.key === "Backspace")) {
      act(() => onRemove?.(key));
    } else if (enabled && key !== "trigger" && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") {
      act(() => onCopy?.(key));
    } else if (enabled && key !== "trigger" && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "c") {
      if (!String(window.getSelection())) act(() => onTake?.(key));
    }
  };
  const paste = (event) => {
    const step = event.target.closest("[data-step]");
    if (!enabled || !step) return;
    event.preventDefault();
    onPaste?.(step.dataset.step, event.clipboardData.getData("text/plain"));
  };
  return (
    <div ref={root} onKeyDown={keys} onPaste={paste} onPointerDown={() => (refocus.current = "")}>
      {children}
    </div>
  );
}
