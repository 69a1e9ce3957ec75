// Versions and ranges.
import semver from "semver";

export const expected = {
  sorted: ["1.0.0-beta", "1.0.0", "1.2.0", "1.10.0"],
  satisfies: [true, false],
  next: "2.0.0",
  max: "1.9.3",
  invalid: null,
};

export default () => ({
  sorted: semver.sort(["1.10.0", "1.2.0", "1.0.0", "1.0.0-beta"]),
  satisfies: [semver.satisfies("1.4.2", "^1.3"), semver.satisfies("2.0.0", "~1.9 || <1")],
  next: semver.inc("1.9.9", "major"),
  max: semver.maxSatisfying(["1.2.3", "1.9.3", "2.0.0"], "1.x"),
  invalid: semver.valid("one"),
});
