// Dates that come again, as calendars write them.
import { RRule, rrulestr } from "rrule";

export const expected = {
  fridays: ["2024-03-01", "2024-03-08", "2024-03-15"],
  text: "every week on Friday for 3 times",
  rule: "RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=3",
  last: ["2024-01-31", "2024-02-29"],
};

export default () => {
  const rule = new RRule({
    freq: RRule.WEEKLY, byweekday: [RRule.FR], count: 3, dtstart: new Date(Date.UTC(2024, 2, 1)),
  });
  const day = (date) => date.toISOString().slice(0, 10);
  const months = rrulestr("DTSTART:20240131T000000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2");
  return {
    fridays: rule.all().map(day),
    text: rule.toText(),
    rule: rule.toString().split("\n")[1],
    last: months.all().map(day),
  };
};
