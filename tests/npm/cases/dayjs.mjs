// Arithmetic, formats, plugins.
import dayjs from "dayjs";
import duration from "dayjs/plugin/duration.js";
import relativeTime from "dayjs/plugin/relativeTime.js";
import utc from "dayjs/plugin/utc.js";

dayjs.extend(duration);
dayjs.extend(relativeTime);
dayjs.extend(utc);

export const expected = {
  leap: "2024-02-29",
  diff: 366,
  relative: "in 3 days",
  week: "Thu",
  duration: "1:30:00",
};

export default () => {
  const day = dayjs.utc("2024-01-31T12:00:00Z");
  return {
    leap: day.add(1, "month").format("YYYY-MM-DD"),
    diff: dayjs.utc("2025-01-01").diff(dayjs.utc("2024-01-01"), "day"),
    relative: day.add(3, "day").from(day),
    week: dayjs.utc("2024-02-29").format("ddd"),
    duration: dayjs.duration(90, "minutes").format("H:mm:ss"),
  };
};
