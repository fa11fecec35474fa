/** A language as it is written where one lives: the order of a date, 12 or 24 hours. */
function regional(language: string): string {
  return navigator.languages.find((each) => each.split("-")[0] === language) ?? language;
}

/** Times as people read them, by the language of the interface. */
export function clock(at: string, language: string): string {
  return new Intl.DateTimeFormat(regional(language), { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

export function day(at: string, language: string): string {
  return new Intl.DateTimeFormat(regional(language), { weekday: "long", day: "numeric", month: "long" }).format(
    new Date(at),
  );
}

export function date(at: string, language: string): string {
  return new Intl.DateTimeFormat(regional(language), { day: "numeric", month: "short", year: "numeric" }).format(
    new Date(at),
  );
}

/** A time of today as a clock, of this week as a day, else as a date. */
export function brief(at: string, now: Date, language: string): string {
  const then = new Date(at);
  const days = wholeDays(then, now);
  if (days === 0) return clock(at, language);
  if (days < 7) return new Intl.DateTimeFormat(regional(language), { weekday: "short" }).format(then);
  return new Intl.DateTimeFormat(regional(language), { day: "numeric", month: "short" }).format(then);
}

/** How many midnights lie between two times. */
export function wholeDays(then: Date, now: Date): number {
  const midnight = (at: Date): number => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
  return Math.round((midnight(now) - midnight(then)) / 86_400_000);
}

/** "3 days ago", "in 27 days", "5 minutes ago". */
export function relative(at: string, now: Date, language: string): string {
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < 60) return format.format(0, "minute");
  if (size < 3600) return format.format(Math.trunc(seconds / 60), "minute");
  if (size < 86_400) return format.format(Math.trunc(seconds / 3600), "hour");
  return format.format(Math.trunc(seconds / 86_400), "day");
}

/** How long something lasted: "2:13", "1:02:13". */
export function elapsed(seconds: number, language: string): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = new Intl.NumberFormat(language, { minimumIntegerDigits: 2, useGrouping: false });
  const one = new Intl.NumberFormat(language, { useGrouping: false });
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0
    ? `${one.format(hours)}:${two.format(minutes)}:${two.format(rest)}`
    : `${one.format(minutes)}:${two.format(rest)}`;
}
