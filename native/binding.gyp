{
  'targets': [
    {
      'target_name': 'clearnat',
      'sources': [
        'binding.cc',
        'common.cc',
        'wrap_link.cc',
        'wrap_map.cc',
        'wrap_object.cc',
        'wrap_program.cc',
        'bpffs.c',
        'error.c',
        'keyset.c',
        'log.c',
        'map.c',
        'map_batch.c',
        'object.c',
        'prog.c',
        'xdp.c',
      ],
      'defines': [
        'NAPI_VERSION=8',
        'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
        '_GNU_SOURCE',
      ],
      'cflags': [
        '-Wall', '-Wextra', '-Werror', '-Wshadow', '-fvisibility=hidden',
        '<!@(node libbpf.mjs cflags)',
      ],
      'cflags_c': ['-std=gnu11'],
      'cflags_cc': [
        '-std=gnu++17', '-fno-exceptions',
        '-isystem', "<!(node -p \"require('node:path').resolve(require('node-addon-api').include_dir)\")",
      ],
      'ldflags': ['-Wl,--exclude-libs,ALL'],
      'libraries': ['<!@(node libbpf.mjs libs)'],
    },
  ],
}
