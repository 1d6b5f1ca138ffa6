// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web

/**
 * Texts that stay from one request of a browser to the next: [Request.session], from [Sessions]. Twisted's `Session`.
 *
 * ```java
 * Session session = request.session();
 * session.renew();
 * session.set("user", name);
 * ```
 *
 * Thread: the reactor's.
 */
public class Session internal constructor(stored: Map<String, String>?) {
    private val values = LinkedHashMap(stored.orEmpty())

    /** Whether it has come with no request before. */
    @get:JvmName("isNew")
    public val isNew: Boolean = stored == null

    @get:JvmSynthetic
    internal var isChanged: Boolean = false
        private set

    @get:JvmSynthetic
    internal var isRenewed: Boolean = false
        private set

    @get:JvmSynthetic
    internal var isEnded: Boolean = false
        private set

    /** The text called [name]; null when there is none. */
    public operator fun get(name: String): String? = values[name]

    /** From now on [name] has [value]. */
    public operator fun set(name: String, value: String) {
        if (values.put(name, value) != value) isChanged = true
    }

    /** Takes the text called [name] away. */
    public fun remove(name: String) {
        if (values.remove(name) != null) isChanged = true
    }

    /**
     * Gives the session another id, and a lifetime of its own: call it at each login and where rights change. So an id that somebody has
     * planted in a browser before is worth nothing behind it (session fixation).
     */
    public fun renew() {
        isRenewed = true
    }

    /**
     * Ends the session, as at a logout: the store and the browser forget it; Twisted's `expire`. A text that is set behind that begins
     * another one.
     */
    public fun end() {
        isEnded = true
        values.clear()
    }

    @JvmSynthetic
    internal fun values(): Map<String, String> = LinkedHashMap(values)

    /** The names of its texts, which may be secrets. */
    override fun toString(): String = "Session(${values.keys})"

    internal companion object {
        @JvmSynthetic
        internal val KEY: RequestKey<Session> = RequestKey("session")
    }
}
