# Hardened release builds. tests/workshop reads the binaries and checks that these arrived.
foreach(flag
    -fstack-protector-strong
    -fstack-clash-protection
    -fcf-protection=full            # x86 only
    -ftrivial-auto-var-init=zero)
  string(MAKE_C_IDENTIFIER "ROUSE_HAS${flag}" has_flag)
  check_cxx_compiler_flag(${flag} ${has_flag})
  if(${has_flag})
    add_compile_options(${flag})
  endif()
endforeach()
add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
