// State machines.
import { assign, createActor, createMachine } from "xstate";

const order = createMachine({
  id: "order",
  initial: "open",
  context: { items: 0 },
  states: {
    open: {
      on: {
        ADD: { actions: assign({ items: ({ context }) => context.items + 1 }) },
        PAY: { target: "paid", guard: ({ context }) => context.items > 0 },
      },
    },
    paid: { type: "final" },
  },
});

export const expected = { states: ["open", "open", "open", "paid"], items: 1, status: "done" };

export default () => {
  const actor = createActor(order);
  const states = [];
  actor.subscribe((snapshot) => states.push(snapshot.value));
  actor.start();
  actor.send({ type: "PAY" });
  actor.send({ type: "ADD" });
  actor.send({ type: "PAY" });
  const { context, status } = actor.getSnapshot();
  return { states, items: context.items, status };
};
