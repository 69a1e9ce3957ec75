declare const x: (
