// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.io.IOException

/** More was written than [limit] bytes beyond what the peer has taken: the cause of a [ConnectionAborted]. */
public class WriteLimitExceededException(
    /** The limit in bytes: [StreamOptions.writeLimit]. */
    public val limit: Long,
) : IOException(
    "The peer does not read, or not as fast as is written: more than the write limit of $limit bytes is waiting for it. " +
        "Register a producer, wait for whenWritable(), or raise StreamOptions.writeLimit.",
)
