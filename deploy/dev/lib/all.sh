# Everything the commands need, in one line for them.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for part in settings process packages "${SERVERS[@]}"; do
    source "$DEV/lib/$part.sh"
done
unset part
