// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Deferred
import dev.torsion.reactor.Reactor
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.attribute.FileTime
import java.time.Duration
import java.time.Instant

/**
 * Checks users of a text file, which has `name:password` on each line; Twisted's `FilePasswordDB`. Empty lines and lines that begin with
 * `#` are skipped. The file is read anew after each change, on the reactor's pool of threads.
 *
 * Behind the colon is the password itself, or with a [verifier] its hash. A hash checks a [UsernamePassword] only. A plain password checks
 * all credentials that are made with a password.
 *
 * Thread: the reactor's. Fails with the `IOException` when the file cannot be read.
 */
public class FilePasswordChecker
@JvmOverloads
constructor(
    private val reactor: Reactor,
    private val file: Path,
    private val verifier: PasswordHash? = null,
    private val delimiter: String = ":",
) : CredentialsChecker {
    private class Read(val time: FileTime, val size: Long, val isSettled: Boolean, val users: Map<String, String>)

    @Volatile
    private var read: Read? = null
    private val nobody by lazy { verifier?.hash("nobody") ?: "nobody" }

    override fun credentialTypes(): Set<Class<out Credentials>> =
        setOf(if (verifier != null) UsernamePassword::class.java else PasswordCheckable::class.java)

    override fun requestAvatarId(credentials: Credentials): Deferred<AvatarId> {
        val shown = credentials as PasswordCheckable
        return reactor.deferToThread {
            val kept = users()[shown.username()]
            if (!isRight(shown, kept)) throw UnauthorizedLogin()
            AvatarId.of(shown.username())
        }
    }

    private fun isRight(shown: PasswordCheckable, kept: String?): Boolean = when (verifier) {
        null -> shown.checkPassword((kept ?: nobody).encodeToByteArray()) && kept != null
        else -> verifier.verifyOr(nobody, (shown as UsernamePassword).password(), kept)
    }

    private fun users(): Map<String, String> {
        val time = Files.getLastModifiedTime(file)
        val size = Files.size(file)
        val isSettled = Duration.between(time.toInstant(), Instant.now()).abs() > UNSETTLED
        read?.let { if (it.isSettled && it.time == time && it.size == size) return it.users }
        val users = HashMap<String, String>()
        Files.readAllLines(file).forEach { line ->
            val name = line.substringBefore(delimiter, "")
            if (name.isNotEmpty() && !line.startsWith("#")) users[name] = line.substringAfter(delimiter)
        }
        read = Read(time, size, isSettled, users)
        return users
    }

    private companion object {
        /** A file that has just changed may change again, and have the same time and the same size: so it is read again for a while. */
        val UNSETTLED: Duration = Duration.ofSeconds(3)
    }
}
