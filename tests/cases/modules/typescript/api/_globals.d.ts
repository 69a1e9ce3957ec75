declare const x: number
