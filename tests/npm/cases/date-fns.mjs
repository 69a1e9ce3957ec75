// Plain functions over Date.
import { addMonths, differenceInBusinessDays, eachDayOfInterval, format, formatDistance, parseISO } from "date-fns";

export const expected = {
  format: "Thursday, 29 February 2024",
  month: "2024-02-29",
  days: 3,
  business: 5,
  distance: "about 2 hours",
};

export default () => ({
  format: format(new Date(2024, 1, 29), "EEEE, d MMMM yyyy"),
  month: format(addMonths(new Date(2024, 0, 31), 1), "yyyy-MM-dd"),
  days: eachDayOfInterval({ start: new Date(2024, 1, 28), end: new Date(2024, 2, 1) }).length,
  business: differenceInBusinessDays(parseISO("2024-03-11"), parseISO("2024-03-04")),
  distance: formatDistance(new Date(2024, 0, 1, 12), new Date(2024, 0, 1, 10)),
});
