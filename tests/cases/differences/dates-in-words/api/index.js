export default () => [Date.parse('Feb 29, 2024'), Date.parse('29 February 2024'), Date.parse('2024-02-29T00:00:00Z')]
