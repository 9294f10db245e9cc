// The three functions that wolfSSL calls for entropy and for the time, and that a program of ours
// must therefore provide.
//
// wolfSSL is built (scripts/bootstrap) without an entropy source and without a millisecond clock:
//   CUSTOM_RAND_GENERATE_BLOCK = rpcnet_tls_random     every random draw of TLS and of ECDSA
//   XTIME_MS                   = rpcnet_tls_time_ms    ticket ages and session timeouts
// and this header is force-included into each of its files. Whoever links the archive decides what
// the functions are: io/ links getrandom(2) and the system's clock, sim/ links a keyed stream and
// the virtual clock. The choice is which object is linked, never a switch at run time, so that no
// production program contains a weak source at all. The certificate dates have a run-time hook of
// their own, wc_SetTimeCb.
//
// C-compatible, because wolfSSL is C; empty for the assembler, which the -include reaches as well.
#pragma once

#ifndef __ASSEMBLER__

#ifdef __cplusplus
extern "C" {
#endif

// Fills `size` bytes at `out`. Gives 0 on success; anything else makes wolfSSL fail the operation
// that asked. Called from whichever thread drives the connection.
int rpcnet_tls_random(unsigned char* out, unsigned int size);

// Milliseconds since the Unix epoch. wolfSSL passes one argument, always 0, which has no meaning.
// Never give 0 back: wolfSSL takes it for a clock error. Only differences are ever looked at.
long long rpcnet_tls_time_ms(int unused);

// wolfSSL's own seed source. The build above leaves it undefined, and OPENSSL_EXTRA's RAND_poll
// refers to it: define it next to rpcnet_tls_random, with the same bytes. Gives 0 on success. `os`
// is wolfSSL's `OS_Seed`, of no use here.
struct OS_Seed;
int wc_GenerateSeed(struct OS_Seed* os, unsigned char* out, unsigned int size);

#ifdef __cplusplus
}
#endif

#endif  // __ASSEMBLER__
