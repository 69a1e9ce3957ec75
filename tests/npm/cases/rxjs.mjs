// Streams of values, over time.
import { firstValueFrom, from, interval, lastValueFrom } from "rxjs";
import { concatMap, delay, map, reduce, take, toArray } from "rxjs/operators";

export const expected = { sum: 12, timed: [0, 1, 2], order: ["a", "b"] };

export default async () => ({
  sum: await lastValueFrom(from([1, 2, 3]).pipe(map((n) => n * 2), reduce((a, b) => a + b))),
  timed: await firstValueFrom(interval(2).pipe(take(3), toArray())),
  order: await lastValueFrom(from(["a", "b"]).pipe(concatMap((x) => from([x]).pipe(delay(1))), toArray())),
});
