// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.web.client

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.maps.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.property.Arb
import io.kotest.property.arbitrary.string
import io.kotest.property.checkAll

/** The examples of RFC 7616 and RFC 2617, and questions that servers ask. */
class DigestAnswersSpec :
    FunSpec({
        val request = ClientRequest.get("http://www.example.org/dir/index.html")
        val nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
        val opaque = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"

        fun answers(user: String = "Mufasa", clientNonce: String = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ") =
            DigestAnswers(user, "Circle of Life") { clientNonce }

        test("the example of RFC 7616 3.9.1, by SHA-256 and by MD5; the better one is taken") {
            val question = "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=%s, " +
                "nonce=\"$nonce\", opaque=\"$opaque\""
            val (md5, sha) = listOf("MD5", "SHA-256").map { question.format(it) }
            val bySha = answers().apply { asked(listOf(md5, sha)) shouldBe false }.answer(request)!!
            bySha shouldContain "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""
            bySha shouldContain "algorithm=SHA-256, opaque=\"$opaque\", qop=auth, nc=00000001"
            val byMd5 = answers().apply { asked(listOf("$md5, Basic realm=\"x\"")) }.answer(request)!!
            byMd5 shouldContain "response=\"8ca523f5e9506fed4657c9700eebdbec\""
        }

        // The hashes in the RFC are of another algorithm (erratum 4897): these are by Python's hashlib.
        test("the example of RFC 7616 3.9.2: SHA-512/256 and a name that is not told") {
            val answers = DigestAnswers("J\u00e4s\u00f8n Doe", "Secret, or not?") { "NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm" }
            answers.asked(
                listOf(
                    "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, " +
                        "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", " +
                        "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", " +
                        "charset=UTF-8, userhash=true",
                ),
            )
            val answer = answers.answer(ClientRequest.get("http://api.example.org/doe.json"))!!
            answer shouldContain "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""
            answer shouldContain "response=\"7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c\""
            answer shouldContain "userhash=true"
        }

        test("a server of RFC 2069 that knows no qop") {
            val answers = DigestAnswers("Mufasa", "CircleOfLife") { "x" }
            answers.asked(listOf("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"")) shouldBe false
            val answer = answers.answer(ClientRequest.get("http://a/dir/index.html"))!!
            answer shouldContain "response=\"1949323746fe6a43ef61f9606e7febea\""
            answer shouldNotContain "nc="
        }

        test("the count goes up with each answer, and begins again with a new question") {
            val answers = answers()
            fun count() = Regex("nc=(\\d+)").find(answers.answer(request)!!)!!.groupValues[1]
            answers.asked(listOf("Digest realm=\"a\", nonce=\"1\", qop=\"auth\""))
            listOf(count(), count()) shouldBe listOf("00000001", "00000002")
            answers.asked(listOf("Digest realm=\"a\", nonce=\"2\", qop=\"auth\", stale=TRUE")) shouldBe true
            count() shouldBe "00000001"
        }

        test("questions that we have no answer to") {
            for (question in listOf(
                "Basic realm=\"x\"",
                "Digest realm=\"x\", nonce=\"1\", qop=\"auth-int\"",
                "Digest realm=\"x\", nonce=\"1\", algorithm=SHA-1",
                "Digest realm=\"x\"",
                "Digest nonce=\"1\"",
                "Digest realm=\"x, nonce=\"1\"",
                "",
            )) {
                answers().asked(listOf(question)) shouldBe null
            }
        }

        test("names are quoted, or encoded") {
            val question = listOf("Digest realm=\"a \\\"b\\\" \\\\c\", nonce=\"1\", qop=auth")
            answers("to\"m").apply { asked(question) }.answer(request)!! shouldContain "username=\"to\\\"m\", realm=\"a \\\"b\\\" \\\\c\""
            answers("J\u00e4s\u00f8n").apply { asked(question) }.answer(request)!! shouldContain "username*=UTF-8''%4A%C3%A4%73%C3%B8%6E"
        }

        test("several questions in one field, with words in place of parameters") {
            val all = Challenge.parse("Negotiate, NTLM abc/+=, Basic realm=\"a, b\", charset=UTF-8,, Newauth realm=x,type=1")
            all.map { it.scheme } shouldBe listOf("Negotiate", "NTLM", "Basic", "Newauth")
            all[2].parameters shouldContainExactly mapOf("realm" to "a, b", "charset" to "UTF-8")
            all[3].parameters shouldContainExactly mapOf("realm" to "x", "type" to "1")
        }

        test("whatever a server asks, the answer is a value of a field") {
            checkAll(1_000, Arb.string(0, 15), Arb.string(0, 40)) { realm, tail ->
                fun latin(text: String) =
                    text.map { (it.code and 0xff).toChar() }.filter { it >= ' ' && it.code !in 0x7f..0x9f }.joinToString("")
                val answers = answers()
                answers.asked(
                    listOf("Digest nonce=\"1\", qop=auth, realm=\"${latin(realm).replace("\\", "").replace("\"", "")}\"", latin(tail)),
                )
                answers.answer(request)?.let { request.withHeader("Authorization", it) }
            }
        }
    })
