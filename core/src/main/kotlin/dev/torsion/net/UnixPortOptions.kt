// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.net

import java.nio.file.attribute.PosixFilePermission
import java.nio.file.attribute.PosixFilePermission.OWNER_READ
import java.nio.file.attribute.PosixFilePermission.OWNER_WRITE

/**
 * How a server listens on a UNIX socket. Immutable.
 *
 * @property mode who may connect, as the permissions of the socket's file: to connect takes the right to write. By default only the user of
 *   this process (Twisted: everybody). Where files have no such permissions, only the default is taken
 * @property wantPid whether to take the lock `PATH.lock`, which names this process; Twisted's `wantPID`. With the lock, the file that a
 *   crashed server has left is removed; a server that lives is never harmed. Without it, any file in the way is an error
 * @property backlog how many connections the operating system may keep waiting
 * @property stream the limits of the streams
 */
public class UnixPortOptions private constructor(
    public val mode: Set<PosixFilePermission>,
    public val wantPid: Boolean,
    public val backlog: Int,
    public val stream: StreamOptions,
) {
    init {
        require(backlog > 0) { "a backlog must be positive, but $backlog was given" }
    }

    /** These options with another [mode]. */
    public fun withMode(mode: Set<PosixFilePermission>): UnixPortOptions = copy(mode = mode)

    /** These options with the mode of the last nine [bits], such as 0660 in Java. */
    public fun withMode(bits: Int): UnixPortOptions = copy(mode = permissions(bits))

    /** These options with or without the lock. */
    public fun withWantPid(isWanted: Boolean): UnixPortOptions = copy(wantPid = isWanted)

    /** These options with another [backlog]. */
    public fun withBacklog(backlog: Int): UnixPortOptions = copy(backlog = backlog)

    /** These options with another [stream]. */
    public fun withStream(options: StreamOptions): UnixPortOptions = copy(stream = options)

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder(this)

    /** These options with some other values, by their names: for Kotlin. */
    @JvmSynthetic
    public fun copy(
        mode: Set<PosixFilePermission> = this.mode,
        wantPid: Boolean = this.wantPid,
        backlog: Int = this.backlog,
        stream: StreamOptions = this.stream,
    ): UnixPortOptions = UnixPortOptions(mode, wantPid, backlog, stream)

    private fun values() = listOf<Any?>(mode, wantPid, backlog, stream)

    override fun equals(other: Any?): Boolean = other is UnixPortOptions && values() == other.values()

    override fun hashCode(): Int = values().hashCode()

    override fun toString(): String = "UnixPortOptions(mode=$mode, wantPid=$wantPid, backlog=$backlog, stream=$stream)"

    /** Sets options by their names, for Java. Not for several threads at once. */
    public class Builder internal constructor(options: UnixPortOptions) {
        private var mode: Set<PosixFilePermission> = options.mode
        private var wantPid: Boolean = options.wantPid
        private var backlog: Int = options.backlog
        private var stream: StreamOptions = options.stream

        /** See [UnixPortOptions.mode]. */
        public fun mode(value: Set<PosixFilePermission>): Builder = apply { mode = value }

        /** See [UnixPortOptions.wantPid]. */
        public fun wantPid(value: Boolean): Builder = apply { wantPid = value }

        /** See [UnixPortOptions.backlog]. */
        public fun backlog(value: Int): Builder = apply { backlog = value }

        /** See [UnixPortOptions.stream]. */
        public fun stream(value: StreamOptions): Builder = apply { stream = value }

        /** The options. @throws IllegalArgumentException when they do not fit together, or one is out of its range */
        public fun build(): UnixPortOptions = UnixPortOptions(mode, wantPid, backlog, stream)
    }

    public companion object {
        /** Only the user of this process may connect: 600. */
        @JvmField
        public val OWNER_ONLY: Set<PosixFilePermission> = setOf(OWNER_READ, OWNER_WRITE)

        /** All defaults. */
        @JvmField
        public val DEFAULT: UnixPortOptions = UnixPortOptions()

        /**
         * The permissions of the nine [bits] of a mode.
         *
         * @throws IllegalArgumentException when there are others
         */
        @JvmStatic
        public fun permissions(bits: Int): Set<PosixFilePermission> {
            require(bits in 0..ALL_BITS) { "a mode is a number from 0 to 777 (octal), but ${bits.toString(OCTAL)} was given" }
            // The constants stand in the order of the bits, the highest first.
            return PosixFilePermission.entries.filterTo(LinkedHashSet()) { bits shr (LAST_BIT - it.ordinal) and 1 == 1 }
        }

        private const val ALL_BITS = 0x1ff
        private const val LAST_BIT = 8
        private const val OCTAL = 8

        /** Options by their names: for Kotlin. Java has [builder]. */
        @JvmSynthetic
        public operator fun invoke(
            mode: Set<PosixFilePermission> = OWNER_ONLY,
            wantPid: Boolean = false,
            backlog: Int = ListeningPort.DEFAULT_BACKLOG,
            stream: StreamOptions = StreamOptions.DEFAULT,
        ): UnixPortOptions = UnixPortOptions(mode, wantPid, backlog, stream)

        /** A builder that begins with the defaults. */
        @JvmStatic
        public fun builder(): Builder = Builder(DEFAULT)
    }
}
