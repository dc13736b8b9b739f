#ifndef TALLY_SYSTEM_H
#define TALLY_SYSTEM_H

/* The flag that opens a file for writing past the system's cache; 0 where there is none. */
int tally_direct_flag(void);

/* Takes that flag back from an open file. */
void tally_clear_direct(int descriptor);

#endif
