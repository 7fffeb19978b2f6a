# SPDX-License-Identifier: Apache-2.0
# Made by `python -m deploy.completion`; do not edit.

_powermeter_reply() { # how to complete, and with what
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}")
}

_powermeter_publisher() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    if [[ $COMP_CWORD == 1 ]]; then
        _powermeter_reply -W "run check verify keygen adopt-key transactions --help"
        return
    fi
    case ${COMP_WORDS[1]} in
    run)
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help"
        else
            _powermeter_reply -f
        fi
        ;;
    check)
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --live --json"
        else
            _powermeter_reply -f
        fi
        ;;
    verify)
        case $before in
        --public-key) _powermeter_reply -f; return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --public-key"
        else
            _powermeter_reply -f
        fi
        ;;
    keygen)
        case $before in
        --curve) _powermeter_reply -W "secp256r1 secp384r1 brainpoolP256r1 brainpoolP384r1"; return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --curve"
        else
            _powermeter_reply -f
        fi
        ;;
    adopt-key)
        case $before in
        --first-pagination) COMPREPLY=(); return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --first-pagination"
        else
            _powermeter_reply -f
        fi
        ;;
    transactions)
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help"
        else
            _powermeter_reply -f -W "list show export"
        fi
        ;;
    esac
}
complete -o filenames -F _powermeter_publisher powermeter-publisher

_powermeter_sampler() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    if [[ $COMP_CWORD == 1 ]]; then
        _powermeter_reply -W "run check scan read simulate models import-moddef --help"
        return
    fi
    case ${COMP_WORDS[1]} in
    run)
        case $before in
        --bus) COMPREPLY=(); return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --bus"
        else
            _powermeter_reply -f
        fi
        ;;
    check)
        case $before in
        --bus) COMPREPLY=(); return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --bus"
        else
            _powermeter_reply -f
        fi
        ;;
    scan)
        case $before in
        --baudrates) COMPREPLY=(); return ;;
        --parities) COMPREPLY=(); return ;;
        --stopbits) _powermeter_reply -W "1 2"; return ;;
        --units) COMPREPLY=(); return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --baudrates --parities --stopbits --units --json"
        else
            _powermeter_reply -f
        fi
        ;;
    read)
        case $before in
        --port) _powermeter_reply -f; return ;;
        --unit-id) COMPREPLY=(); return ;;
        --baudrate) COMPREPLY=(); return ;;
        --parity) COMPREPLY=(); return ;;
        --stopbits) _powermeter_reply -W "1 2"; return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --port --unit-id --baudrate --parity --stopbits --raw --json"
        else
            _powermeter_reply -f
        fi
        ;;
    simulate)
        case $before in
        --link) _powermeter_reply -f; return ;;
        --unit-id) COMPREPLY=(); return ;;
        --seed) COMPREPLY=(); return ;;
        --load-kw) COMPREPLY=(); return ;;
        --baudrate) COMPREPLY=(); return ;;
        --parity) COMPREPLY=(); return ;;
        --stopbits) COMPREPLY=(); return ;;
        --power-cut-after) COMPREPLY=(); return ;;
        --power-cut-for) COMPREPLY=(); return ;;
        --key-size) _powermeter_reply -W "256 384 none"; return ;;
        --pad-byte) COMPREPLY=(); return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --link --unit-id --seed --load-kw --baudrate --parity --stopbits --power-cut-after --power-cut-for --key-size --pad-byte --non-minimal-der"
        else
            _powermeter_reply -f
        fi
        ;;
    models)
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --json --markdown"
        fi
        ;;
    import-moddef)
        case $before in
        --output) _powermeter_reply -f; return ;;
        esac
        if [[ $word == -* ]]; then
            _powermeter_reply -W "-h --help --output"
        else
            _powermeter_reply -f
        fi
        ;;
    esac
}
complete -o filenames -F _powermeter_sampler powermeter-sampler

_powermeter_watch() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    case $before in
    --metrics) COMPREPLY=(); return ;;
    --textfile) _powermeter_reply -f; return ;;
    --refresh) COMPREPLY=(); return ;;
    esac
    if [[ $word == -* ]]; then
        _powermeter_reply -W "-h --help --once --json --metrics --textfile --refresh"
    else
        _powermeter_reply -f
    fi
}
complete -o filenames -F _powermeter_watch powermeter-watch
