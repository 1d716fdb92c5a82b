#!/bin/sh
# The system calls that eyes and voices make in a whole night after they have shut themselves in,
# counted: the table of docs/reference/shut-in.md. Needs strace, and the programs built:
#
#   cargo build --workspace --bins && sh detector/examples/trace-night.sh target/debug
#
# Three homes of the demonstration are kept for a night. Each eye and each voice is the real one,
# behind a program of the same name that has strace watch it.
set -eu

programs=$(cd "${1:?the folder of the programs, such as target/debug}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/programs" "$work/calls"
for program in nattsyn-hub nattsyn-supervise nattsyn-scenes; do
    cp "$programs/$program" "$work/programs/"
done
for program in eye voice; do
    cat > "$work/programs/nattsyn-$program" <<WATCHED
#!/bin/sh
exec strace -D -f -qq -o "$work/calls/$program.\$\$" "$programs/nattsyn-$program" "\$@"
WATCHED
    chmod 755 "$work/programs/nattsyn-$program"
done
"$work/programs/nattsyn-hub" demo --once --homes 3 --listen 127.0.0.1:0 --data "$work/data" \
    > "$work/night" 2>&1
tail -n 1 "$work/night"

# From the last filter on. A call that another thread interrupts stands on two lines, of which
# the second begins with "<..."; what a signal or an exit says is no call.
for program in eye voice; do
    echo "$program: calls of three in a night"
    for file in "$work/calls/$program".*; do
        awk '/ seccomp\(/ { split("", seen) }
            $2 ~ /^[a-z_0-9]+\(/ { sub(/\(.*/, "", $2); seen[$2]++ }
            END { for (call in seen) if (call != "seccomp") print call, seen[call] }' "$file"
    done | awk '{ sum[$1] += $2 } END { for (call in sum) print sum[call], call }' | sort -rn
done
