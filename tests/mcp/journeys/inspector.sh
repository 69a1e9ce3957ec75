#!/usr/bin/env bash
# The Inspector's command line: one process a call, so what lasts lasts in the node.
# It judges as well: schemas that clients could not take (--strict), skills (--verify).
set -euo pipefail

inspector=(node "$MODULES/@modelcontextprotocol/inspector/clients/launcher/build/index.js" --cli)
log=$WORK/inspector.log
failed=0

# What was missed, with what the Inspector said.
missed() {
  echo "$1; found: $(tail -c 500 "$log" | tr '\n' ' ')" >"$WORK/inspector.missed"
  return 1
}

# The answer to a method on the row's transport, as one JSON object in the log.
ask() {
  local code=0
  "${inspector[@]}" "${target[@]}" --protocol-era "$era" --format json "$@" \
    >"$log" 2>"$log.err" </dev/null || code=$?
  [ ! -s "$log" ] && cat "$log.err" >"$log"
  checks=$((checks + 1))
  return "$code"
}

tool() {
  local name=$1 arguments=$2
  ask --method tools/call --tool-name "$name" --tool-args-json "$arguments"
}

# Whether the last answer's structured content is as a filter of jq says.
holds() {
  jq -e "(.result // .) | .structuredContent | $1" "$log" >/dev/null 2>&1
}

steps() {
  ask --method tools/list --strict || missed "tools/list passes --strict"
  if grep -E '[1-9][0-9]* (error|warning)' "$log.err" >"$WORK/inspector.strict"; then
    cp "$log.err" "$log"
    missed "every client can take the schemas"
  fi
  jq -e '[(.result // .).tools[].name] | index("deploy") and (map(startswith("test_")) | any | not)' \
    "$log" >/dev/null || missed "tools/list has deploy, and no fixture"
  local given
  given=$(jq -cn --arg app "$app" --arg path "$folder" --arg said "the first version" "$how")
  tool deploy "$given" || missed "deploy succeeds"
  holds '.live and .version == 1' || missed "deploy makes version 1, live"
  local url
  url=$(jq -r '(.result // .).structuredContent.url' "$log")
  echo "the second version" >"$folder/index.html"
  given=$(jq -cn --arg app "$app" --arg path "$folder" --arg said "the second version" "$how")
  tool deploy "$given" || missed "deploy succeeds again"
  holds '.live and .version == 2' || missed "deploy makes version 2, live"
  tool fetch_test "{\"url\":\"$url\",\"expect_body\":\"the second version\"}" \
    || missed "fetch_test succeeds"
  holds '.passed' || missed "fetch_test passes"
  tool promote "{\"app\":\"$app\",\"version\":1}" || missed "promote succeeds"
  tool promote "{\"app\":\"$app\"}" || missed "promote goes back"
  holds '.version == 2' || missed "version 2 is live again"
  ask --method resources/read --uri "fazt://apps/$app/files/index.html" || missed "a file is read"
  grep -q "the second version" "$log" || missed "the file read is the second version's"
  tool delete_app "{\"app\":\"$app\",\"confirm\":\"another\"}" \
    && missed "another name does not confirm"
  tool delete_app "{\"app\":\"$app\",\"confirm\":\"$app\"}" || missed "the name confirms"
  tool list_apps '{}' || missed "list_apps succeeds"
  holds ".apps | map(.name) | index(\"$app\") | not" || missed "the app is gone"
  if [ "$era" = modern ]; then
    ask --method skills/list --verify || missed "skills/list passes --verify"
  fi
}

# row NAME ERA HOW TARGET...: the journey on one transport.
row() {
  local name=$1
  era=$2 how=$3
  shift 3
  target=("$@")
  app=j-inspector-${name//+/-}-$era folder=$WORK/$name-$era checks=0
  mkdir -p "$folder"
  echo "the first version" >"$folder/index.html"
  rm -f "$WORK/inspector.missed"
  local from=$SECONDS
  # Not a condition of `if`: that would let a failed step pass.
  set +e
  (set -e; steps; echo "$checks" >"$WORK/inspector.checks")
  local code=$?
  set -e
  if [ "$code" -eq 0 ]; then
    printf 'ok      %-10s %-9s %s  %s calls, %s s\n' inspector "$name" "$era" \
      "$(cat "$WORK/inspector.checks")" $((SECONDS - from))
  else
    failed=1
    printf 'FAILED  %-10s %-9s %s  %s\n' inspector "$name" "$era" \
      "$(cat "$WORK/inspector.missed" 2>/dev/null || tail -c 500 "$log" "$log.err")"
  fi
}

inline='{app: $app, files: [{path: "index.html", content: $said}]}'
path='{app: $app, path: $path}'
bearer=(--header "Authorization: Bearer $TOKEN")
row http modern "$inline" --server-url "$URL_BASE/mcp" --transport http "${bearer[@]}"
row http legacy "$inline" --server-url "$URL_BASE/mcp" --transport http "${bearer[@]}"
row http+sse legacy "$inline" --server-url "$URL_BASE/sse" --transport sse "${bearer[@]}"
row stdio modern "$path" -e "FAZT_DB=$FAZT_DB" -e "HOME=$WORK" "$FAZT" mcp
row stdio legacy "$path" -e "FAZT_DB=$FAZT_DB" -e "HOME=$WORK" "$FAZT" mcp
exit "$failed"
