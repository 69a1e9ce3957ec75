export default () => [typeof WebSocket, typeof EventSource, typeof Worker, typeof MessageChannel, typeof BroadcastChannel]
