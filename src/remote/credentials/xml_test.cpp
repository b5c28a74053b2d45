#include "remote/credentials/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynakeep::remote {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Xml, IsReadAsStsWritesIt) {
  const auto texts = read_xml_texts(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
      "  <Error>\n    <Type>Sender</Type>\n    <Code>AccessDenied</Code>\n"
      "    <Message>a &lt;b&gt; &amp; &quot;c&apos;&#33;&#x20AC;</Message>\n  </Error>\n"
      "  <RequestId a='>' >1</RequestId>\n  <Empty/><Blank></Blank >\n</ErrorResponse>\n");
  EXPECT_THAT(texts.value(),
              ElementsAre(Pair("ErrorResponse/Blank", ""), Pair("ErrorResponse/Empty", ""),
                          Pair("ErrorResponse/Error/Code", "AccessDenied"),
                          Pair("ErrorResponse/Error/Message", "a <b> & \"c'!\xE2\x82\xAC"),
                          Pair("ErrorResponse/Error/Type", "Sender"),
                          Pair("ErrorResponse/RequestId", "1")));
}

TEST(Xml, OfTwoElementsInOnePlaceIsReadForTheFirst) {
  EXPECT_THAT(read_xml_texts("<a><b>1</b><b>2</b></a>").value(), ElementsAre(Pair("a/b", "1")));
}

TEST(Xml, IsRefusedBeyondThat) {
  std::string deep;
  for (int level = 0; level < 17; ++level) deep += "<a>";
  for (int level = 0; level < 17; ++level) deep += "</a>";
  for (const std::string& xml :
       std::vector<std::string>{"",
                                " ",
                                "text",
                                "<",
                                "<>",
                                "<a",
                                "<a>",
                                "<a></b>",
                                "<a/><b/>",
                                "<a/>text",
                                "</a>",
                                "<a><b></a></b>",
                                "<a>&nbsp;</a>",
                                "<a>&lt</a>",
                                "<a>&#0;</a>",
                                "<a>&#xD800;</a>",
                                "<a>&#x110000;</a>",
                                "<a>&#;</a>",
                                "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
                                "<a><![CDATA[b]]></a>",
                                "<a><!-- b --></a>",
                                "<a b></a>",
                                "<a b=c></a>",
                                "<a b=\"c></a>",
                                "<a b=\"c\"d=\"e\"/>",
                                "<?xml version=\"1.0\"<a/>",
                                "<a>\xff</a>",
                                "{\"a\":1}",
                                deep}) {
    const auto texts = read_xml_texts(xml);
    ASSERT_FALSE(texts) << xml;
    EXPECT_EQ(texts.error().code(), ErrorCode::unavailable);
  }
}

}  // namespace
}  // namespace dynakeep::remote
