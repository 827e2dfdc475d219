// A time as people say it ("2 minutes ago"), exact in the reader's own zone on hover. Ticks by itself.
import { createElement, useEffect, useState } from "react";

const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function say(moment, now) {
  const seconds = (moment - now) / 1000;
  if (Math.abs(seconds) < 45) return seconds > 5 ? "in a moment" : "just now";
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length * 0.75) return words.format(Math.round(seconds / length), unit);
  }
  return "just now";
}

export function RelativeTime({ at, prefix = "", empty = "" }) {
  const [now, setNow] = useState(null);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 20000);
    return () => clearInterval(timer);
  }, [at]);
  if (!at) return createElement("span", null, empty);
  const moment = new Date(at);
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" }).format(moment);
  const text = now === null ? "" : say(moment.getTime(), now);
  return createElement("time", { dateTime: at, title: now === null ? undefined : exact }, prefix + text);
}
