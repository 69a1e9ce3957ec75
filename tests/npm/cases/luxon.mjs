// Dates in UTC and at fixed offsets; zones by name need parts of Intl.
import { DateTime, Duration, Interval } from "luxon";

export const expected = {
  iso: "2024-02-29T12:00:00.000Z",
  plus: "2024-03-31",
  zone: "2024-02-29T14:00",
  duration: 5400,
  days: 29,
};

export default () => {
  const day = DateTime.fromISO("2024-02-29T12:00:00Z", { zone: "utc" });
  return {
    iso: day.toISO(),
    plus: DateTime.fromISO("2024-01-31", { zone: "utc" }).plus({ months: 2 }).toISODate(),
    zone: day.setZone("UTC+2").toFormat("yyyy-MM-dd'T'HH:mm"),
    duration: Duration.fromISO("PT1H30M").as("seconds"),
    days: Interval.fromDateTimes(day.startOf("month"), day.endOf("month")).count("days"),
  };
};
