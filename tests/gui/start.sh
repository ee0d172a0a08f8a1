#!/bin/sh
# start.sh FOLDER COMMAND...: runs a command on a screen of its own, 1600 x 900, whose picture is FOLDER/Xvfb_screen0.
set -u
folder=$1
shift
mkdir -p "$folder"
Xvfb -displayfd 3 -screen 0 1600x900x24 -fbdir "$folder" 3>"$folder/display" >/dev/null 2>&1 &
screen=$!
trap 'kill $screen 2>/dev/null; wait $screen 2>/dev/null' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    [ -s "$folder/display" ] && break
    sleep 1
done
DISPLAY=:$(cat "$folder/display") "$@"
